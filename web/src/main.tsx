import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './theme/tokens.css';
import './i18n';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode, Suspense, lazy } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter, Navigate, Route, Routes } from 'react-router';
import { ApiError } from './api/client';
import { RequireSession } from './session/session';
import { Shell } from './shell/shell';
import { theme } from './theme/theme';

// Editor, charts and language service are most of the console: signing in does not wait for them.
const LogsPage = lazy(() => import('./logs/logs_page'));
const TailPage = lazy(() => import('./tail/tail_page'));
const HealthPage = lazy(() => import('./health/health_page'));
const AlertsPage = lazy(() => import('./alerts/alerts_page'));
const RulesPage = lazy(() => import('./rules/rules_page'));
const AdminPage = lazy(() => import('./admin/admin_page'));
const AccountPage = lazy(() => import('./account/account_page'));

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
});

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <Notifications position="bottom-right" autoClose={3500} />
      <QueryClientProvider client={queryClient}>
        <BrowserRouter>
          <RequireSession>
            <Shell>
              <Suspense fallback={null}>
                <Routes>
                  <Route path="/logs" element={<LogsPage />} />
                  <Route path="/tail" element={<TailPage />} />
                  <Route path="/alerts" element={<AlertsPage />} />
                  <Route path="/rules" element={<RulesPage />} />
                  <Route path="/admin" element={<AdminPage />} />
                  <Route path="/health" element={<HealthPage />} />
                  <Route path="/account" element={<AccountPage />} />
                  <Route path="*" element={<Navigate to="/logs" replace />} />
                </Routes>
              </Suspense>
            </Shell>
          </RequireSession>
        </BrowserRouter>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
