// What the alerts page makes of rows of SecurityAlert; the texts in them come from events, so nothing is taken on trust.
export interface Alert {
  TimeGenerated: string; AlertName: string; AlertSeverity: string; Description: string; CompromisedEntity: string;
  Tactics: string; Techniques: string; ProductComponentName: string; SystemAlertId: string; Status: string;
  StartTime: string | null; EndTime: string | null; Entities: unknown; ExtendedProperties: unknown; ExtendedLinks: unknown;
}
export interface AlertProperties {
  RuleId?: string; RuleKind?: string; Tags?: string[]; FalsePositives?: string[]; JournalPosition?: number; JournalPositions?: number[];
  ItemId?: string; EventCount?: number; GroupBy?: Record<string, unknown>; Record?: unknown; RuleAuthor?: string;
}
export interface Entity { type: string; text: string }

export const kSeverities = ['High', 'Medium', 'Low', 'Informational'] as const;

function json(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

export function propertiesOf(alert: Alert): AlertProperties {
  const value = json(alert.ExtendedProperties);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as AlertProperties) : {};
}

// Where in the journal the alert's events are; the newest few are enough to look at.
export function positionsOf(properties: AlertProperties, most = 20): number[] {
  const all = Array.isArray(properties.JournalPositions) && properties.JournalPositions.length > 0 ? properties.JournalPositions : [properties.JournalPosition];
  return all.filter((position): position is number => typeof position === 'number' && position > 0).slice(-most);
}

export function entitiesOf(alert: Alert): Entity[] {
  const value = json(alert.Entities);
  if (!Array.isArray(value)) return [];
  return value.slice(0, 50).flatMap((one: unknown) => {
    if (typeof one !== 'object' || one === null) return [];
    const { Type, $id, ...rest } = one as Record<string, unknown>;
    void $id;
    const texts = Object.values(rest).filter((text) => typeof text === 'string' || typeof text === 'number');
    return texts.length > 0 ? [{ type: String(Type ?? ''), text: texts.join(' · ') }] : [];
  });
}

// Only what a browser may follow: a rule's author writes these.
export function linksOf(alert: Alert): string[] {
  const value = json(alert.ExtendedLinks);
  if (!Array.isArray(value)) return [];
  return value.map((one) => String((one as { Href?: unknown } | null)?.Href ?? '')).filter((link) => /^https?:\/\//.test(link)).slice(0, 20);
}

export function matchesWords(alert: Alert, text: string): boolean {
  const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const all = `${alert.AlertName} ${alert.CompromisedEntity} ${alert.Tactics} ${alert.Description} ${JSON.stringify(alert.Entities ?? '')}`.toLowerCase();
  return words.every((word) => all.includes(word));
}

// Bytes as they came, what is not text as \x..; a terminal's or a page's control bytes do nothing here.
export function bytesAsText(base64: string): string {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    text = Array.from(bytes, (byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`)).join('');
  }
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
