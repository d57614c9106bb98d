// Requests to /api/v1: cookie and CSRF token, errors as ApiError.
import type { Diagnostic } from './types';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly diagnostics: Diagnostic[] = [],
  ) {
    super(message);
  }
}

let csrfToken = '';
let onSignedOut: () => void = () => {};

export function setCsrfToken(token: string) { csrfToken = token; }
// Called when the server does not know us any more: the session is over.
export function setSignedOutHandler(handler: () => void) { onSignedOut = handler; }

export function headersFor(method: string, hasBody: boolean): Record<string, string> {
  const headers: Record<string, string> = {};
  if (hasBody) headers['Content-Type'] = 'application/json';
  if (method !== 'GET') headers['X-Yagura-CSRF'] = csrfToken;
  return headers;
}

export async function errorOf(response: Response): Promise<ApiError> {
  let code = 'http';
  let message = `HTTP ${response.status}`;
  let diagnostics: Diagnostic[] = [];
  try {
    const body = (await response.json()) as { error?: { code?: string; message?: string; diagnostics?: Diagnostic[] } };
    code = body.error?.code ?? code;
    message = body.error?.message ?? message;
    diagnostics = body.error?.diagnostics ?? [];
  } catch {
    // A proxy's page, or nothing: the status must do.
  }
  return new ApiError(response.status, code, message, diagnostics);
}

// fetch() that throws ApiError, also when the server cannot be reached.
export async function send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: headersFor(method, body !== undefined),
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      signal,
    });
  } catch (problem) {
    if (signal?.aborted) throw problem;
    throw new ApiError(0, 'unreachable', 'the server cannot be reached');
  }
  if (!response.ok) {
    const error = await errorOf(response);
    if (response.status === 401 && !(method === 'POST' && path === '/api/v1/session')) onSignedOut();
    throw error;
  }
  return response;
}

export async function request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const response = await send(method, path, body, signal);
  return (response.status === 204 ? undefined : await response.json()) as T;
}
