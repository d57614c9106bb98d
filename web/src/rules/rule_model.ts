// Rules, an operator's word about them, and suppressions, as the API has them.
export interface Throttle { seconds: number; most: number; by: string }
export interface Tuning { severity?: string; title?: string; exclude?: string; throttle?: Throttle; note?: string; changed: string; changed_by: string }
export interface Rule {
  id: string; title: string; kind: string; severity: string; enabled: boolean; file: string; tags: string[]; error: string; matches: number;
  alerts?: number; suppressed?: number; throttled?: number; considered?: number; evaluated?: number; nanoseconds?: number; last_match?: string; tuning?: Tuning;
}
export interface Suppression {
  id: number; rule_id: string; conditions: Record<string, string | string[]>; reason: string; created: string; created_by: string; expires: string; active: boolean; ended?: string; ended_by?: string;
}

// A rule that was only switched off and on is not tuned.
export function isTuned(rule: Rule): boolean {
  const tuning = rule.tuning;
  return tuning !== undefined && Boolean(tuning.severity || tuning.title || tuning.exclude || tuning.throttle || tuning.note);
}

export const kSeverities = ['Informational', 'Low', 'Medium', 'High', 'Critical'] as const;
export const kDurations = ['1h', '8h', '1d', '7d', '30d', '90d', '365d'] as const;
export const kPeriods = [60, 300, 900, 3600, 14_400, 86_400, 604_800] as const;

// "User = svc_*" lines, all of which must hold; a field that stands twice may have either value.
export function parseConditions(text: string): { conditions: Record<string, string | string[]>; badLine: number | null } {
  const conditions: Record<string, string | string[]> = {};
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; ++i) {
    const line = lines[i]!.trim();
    if (line === '') continue;
    const equals = line.indexOf('=');
    const field = line.slice(0, equals).trim(), value = line.slice(equals + 1).trim();
    if (equals < 1 || field === '') return { conditions, badLine: i + 1 };
    const before = conditions[field];
    conditions[field] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  return { conditions, badLine: null };
}
export function printConditions(conditions: Suppression['conditions']): string {
  return Object.entries(conditions).map(([field, value]) => `${field} = ${Array.isArray(value) ? value.join(', ') : value}`).join('\n');
}

// The share of its log source's events for which a rule had to be evaluated, as a text.
export function evaluatedShare(rule: Rule, language: string): string {
  if (!rule.considered) return '–';
  return new Intl.NumberFormat(language, { style: 'percent', maximumSignificantDigits: 2 }).format((rule.evaluated ?? 0) / rule.considered);
}

export interface TuningForm { severity: string; title: string; seconds: string; most: number; by: string; exclude: string; note: string }
export function formOf(rule: Rule): TuningForm {
  const tuning = rule.tuning;
  return {
    severity: tuning?.severity ?? '', title: tuning?.title ?? '', seconds: String(tuning?.throttle?.seconds ?? 0), most: tuning?.throttle?.most ?? 1,
    by: tuning?.throttle?.by ?? '', exclude: tuning?.exclude ?? '', note: tuning?.note ?? '',
  };
}
// What PATCH takes: everything, so that what was taken back is taken back.
export function bodyOf(form: TuningForm): Record<string, unknown> {
  const by = form.by.split(',').map((field) => field.trim()).filter(Boolean);
  return {
    severity: form.severity, title: form.title.trim(), exclude: form.exclude.trim(), note: form.note,
    throttle: Number(form.seconds) === 0 ? null : { seconds: Number(form.seconds), most: form.most, by },
  };
}
