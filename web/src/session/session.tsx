// Who is signed in. Everything below RequireSession may count on a session.
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { request, setCsrfToken, setSignedOutHandler } from '../api/client';
import type { Session } from '../api/types';
import { ChangePassword } from './change_password';
import { SignIn } from './sign_in';

interface SessionState {
  session: Session;
  signOut(): Promise<void>;
  refresh(): Promise<void>;
}
const SessionContext = createContext<SessionState | null>(null);

export function useSession(): SessionState {
  const state = useContext(SessionContext);
  if (!state) throw new Error('useSession outside of RequireSession');
  return state;
}

export function RequireSession({ children }: { children: ReactNode }) {
  const [session, setSession] = useState<Session | null | undefined>(undefined);
  const [over, setOver] = useState(false);

  const take = useCallback((next: Session | null) => {
    if (next?.csrf_token) setCsrfToken(next.csrf_token);
    setSession(next);
  }, []);
  const refresh = useCallback(async () => {
    try {
      take(await request<Session>('GET', '/api/v1/session'));
    } catch {
      take(null);
    }
  }, [take]);
  useEffect(() => {
    setSignedOutHandler(() => {
      setSession((present) => {
        if (present) setOver(true);
        return null;
      });
    });
    void refresh();
  }, [refresh]);

  const state = useMemo<SessionState | null>(
    () =>
      session
        ? {
            session,
            refresh,
            signOut: async () => {
              await request('DELETE', '/api/v1/session').catch(() => {});
              setOver(false);
              take(null);
            },
          }
        : null,
    [session, refresh, take],
  );
  if (session === undefined) return null;
  if (!state) return <SignIn over={over} onSession={(next) => { setOver(false); take(next); }} />;
  if (state.session.user.must_change_password) return <ChangePassword forced onDone={refresh} />;
  return <SessionContext.Provider value={state}>{children}</SessionContext.Provider>;
}
