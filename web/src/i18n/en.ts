export const en = {
  app: { logs: 'Logs', tail: 'Live tail', alerts: 'Alerts', rules: 'Rules', admin: 'Administration', health: 'Health', account: 'Account', signOut: 'Sign out', theme: 'Theme', light: 'Light', dark: 'Dark', system: 'As the system', language: 'Language', collapse: 'Narrow the menu', skip: 'Skip to content' },
  signIn: {
    title: 'Sign in to Yagura', lead: 'The watchtower over your logs.', name: 'User name', password: 'Password', go: 'Sign in',
    wrong: 'The name or the password is wrong.', unreachable: 'The server cannot be reached.', over: 'Your session is over. Sign in again to go on.',
    hint: 'The first start of the server prints a user name and a password.',
    changeTitle: 'Choose a new password', changeLead: 'An administrator asked you to change it before you go on.',
    old: 'Present password', fresh: 'New password', repeat: 'New password again', differ: 'The two are not the same.', change: 'Change password',
    rules: 'At least 12 characters. A sentence is easier to remember than a riddle.', changed: 'Your password was changed.',
  },
  logs: {
    run: 'Run', cancel: 'Cancel', running: 'Running', history: 'History', saved: 'Saved', save: 'Save', tables: 'Tables', format: 'Format', newQuery: 'New query',
    pinned: 'Pinned', customTables: 'Custom tables', allTables: 'All tables', pin: 'Pin', unpin: 'Unpin', searchTables: 'Find a table or column', noTables: 'No table matches', columns: 'columns', insert: 'Insert the name', preview: 'Show the newest rows', custom: 'custom',
    results: 'Results', chart: 'Chart', rows_one: '{{count}} row', rows_other: '{{count}} rows', read: '{{rows}} read', took: '{{time}}',
    emptyTitle: 'Ask your logs', emptyText: 'Write a query in KQL and press', emptyOr: 'or start with one of these:',
    noneTitle: 'Nothing found', noneText: 'The query ran and matched no row. Widen the time range, or loosen a filter.',
    cancelledTitle: 'Cancelled', cancelledText: 'The query was stopped on the server as well.',
    failed: 'The query failed', failedAt: 'line {{line}}, column {{column}}', goTo: 'Go to it',
    truncated: 'The result was cut at {{count}} rows. Export CSV for more, or summarize.', partial: 'The answer broke off; what arrived is shown.',
    columnsMenu: 'Columns', showAll: 'Show all', hideEmpty: 'Hide empty columns', emptyHidden_one: '{{count}} empty column hidden', emptyHidden_other: '{{count}} empty columns hidden',
    exportCsv: 'Export CSV', exportShown: 'The rows shown', exportAll: 'The whole result (server)', copied: 'Copied',
    copyTable: 'Copy as text', copyCell: 'Copy value', copyRow: 'Copy row as JSON', include: 'Only this value', exclude: 'Not this value', sortUp: 'Sort ascending', sortDown: 'Sort descending', sortNone: 'As they came', hideColumn: 'Hide column',
    filterRows: 'Filter the rows shown', filtered: '{{shown}} of {{count}}', details: 'Row details', hideEmptyFields: 'Hide empty fields', filterFields: 'Find a field', previous: 'Row before', next: 'Row after', close: 'Close',
    noChartTitle: 'Nothing to draw', noChartText: 'A chart needs a number, and a time or a name to set it against. Try: | summarize count() by bin(TimeGenerated, 5m)',
    chartType: 'Kind', line: 'Line', area: 'Area', bar: 'Bar', column: 'Column', pie: 'Pie', scatter: 'Scatter', card: 'Card', stacked: 'Stacked', eventsOverTime: 'Events over time', others: 'others', series: '{{count}} series; the {{shown}} largest are shown',
    savedName: 'Name', savedShare: 'Share with everybody', savedNone: 'No saved query yet', savedSearch: 'Find a saved query', savedDone: 'Saved', savedBy: 'by {{user}}', remove: 'Delete',
    historyNone: 'No query yet', historyClear: 'Forget all', 
    setInQuery: 'set in the query', schema: 'Tables', showPanel: 'Show tables', hidePanel: 'Hide tables',
    sampleSyslog: 'Newest syslog messages', sampleFailed: 'Failed sign-ins by host', sampleVolume: 'Volume over time', sampleAlerts: 'Alerts of the last day', shortcuts: 'Run', 
  },
  time: {
    label: 'Time range', last: 'Last {{span}}', all: 'All time', custom: 'Custom', from: 'From', to: 'To', apply: 'Apply', order: 'The end lies before the beginning.',
    m30: '30 minutes', h1: '1 hour', h4: '4 hours', h12: '12 hours', d1: '24 hours', d3: '3 days', d7: '7 days', d30: '30 days', local: 'Times are shown in {{zone}}', utc: 'Show times in UTC',
  },
  tail: {
    table: 'Table', allTables: 'All tables', filter: 'Only rows with these words', highlight: 'Highlight', pause: 'Pause', resume: 'Resume', clear: 'Clear',
    live: 'Live', paused: 'Paused', connecting: 'Connecting', broken: 'Disconnected; trying again', ended: 'Ended', perSecond: '{{count}}/s', shown: '{{count}} rows', skipped: '{{count}} not shown', skippedHelp: 'Rows that matched or were not looked at, because more arrived than a screen can show. They are stored all the same.',
    waitingTitle: 'Waiting for events', waitingText: 'Rows appear here the moment they are processed. Nothing yet for this filter.', waiting_one: '{{count}} row waits', waiting_other: '{{count}} rows wait', newest: 'Jump to the newest', openInLogs: 'Open in Logs',
  },
  health: {
    title: 'Health', ok: 'All parts work', degraded: 'Needs attention', sources: 'Sources', name: 'Name', kind: 'Kind', address: 'Address', state: 'State', rate: 'Events/s', received: 'Received', bytes: 'Bytes', dropped: 'Dropped', last: 'Last event', never: 'never', ago: '{{span}} ago', now: 'just now',
    noneTitle: 'No source yet', noneText: 'Point syslog at this server, or switch a source on in its configuration.', version: 'Version {{version}}',
  },
  account: {
    title: 'Account', role: 'Role', password: 'Password', tokens: 'API tokens', tokensLead: 'For scripts and tools. A token may what its role may, and never more than you.',
    newToken: 'New token', tokenName: 'Name', tokenRole: 'Role', tokenScopes: 'Only for (empty: all of the role)', tokenDays: 'Valid for days (empty: no end)', create: 'Create', created: 'Copy it now: it is shown this once.',
    hint: 'Token', owner: 'User', lastUsed: 'Last used', expires: 'Expires', revoke: 'Revoke', revokeSure: 'Revoke “{{name}}”? Whatever uses it stops working.', none: 'No token yet', never: 'never', cancel: 'Cancel', done: 'Done',
  },
  severity: { High: 'High', Medium: 'Medium', Low: 'Low', Informational: 'Informational' },
  alerts: {
    count_one: '{{shown}} alert', count_other: '{{shown}} alerts', find: 'Find in alerts', all: 'All', severity: 'Severity', time: 'Time', name: 'Alert', entity: 'Entity', tactics: 'Tactics', none: 'No alert', noneText: 'Nothing was detected in this time range with these filters.', truncated: 'The newest 1,000 are shown. Ask SecurityAlert on the Logs page for more.',
    detail: 'The alert in detail', previous: 'Before', next: 'After', span: 'From – to', events: 'Events', group: 'Grouped by', rule: 'Rule', entities: 'Entities', falsePositives: 'Known false alarms', links: 'References', evidence: 'Evidence as it was received', noEvidence: 'This alert names no event of the journal.', record: 'The event, decoded',
    proven: 'Proven unchanged', notYet: 'Not signed yet', notProven: 'NOT proven', received: 'Received', source: 'Source',
  },
  rules: {
    count: '{{shown}} of {{count}}', errors_one: '{{count}} with an error', errors_other: '{{count}} with errors', find: 'Find a rule', show: 'Show', all: 'All', on: 'On', off: 'Off', error: 'With errors', matched: 'Have matched', title: 'Rule', kind: 'Kind', matches: 'Matches', state: 'State', broken: 'Error', switch: 'Switch', none: 'No rule', noneText: 'No rule fits these filters.',
  },
  admin: {
    users: 'Users', newUser: 'New user', enabled: 'Enabled', lastLogin: 'Last sign-in', created: 'Made', you: 'you', mustChange: '(must change the password)', more: 'More', reset: 'Reset the password', resetLead: 'The user must change it at the next sign-in. All sessions of the user end.', remove: 'Remove', removeSure: 'Remove “{{name}}” with all sessions, tokens and saved queries?', display: 'Full name', firstPassword: 'First password', notYou: 'This page is for administrators.',
  },
  keys: {
    title: 'Keyboard', everywhere: 'Everywhere', pages: 'Pages, in the order of the menu', help: 'This list', run: 'Run the query', cancel: 'Cancel the query', complete: 'Complete',
    move: 'Move', first: 'First row', last: 'Last row', open: 'Open the row', copy: 'Copy the cell', close: 'Close the row', pause: 'Pause or resume',
  },
  common: { error: 'Something went wrong', loading: 'Loading', retry: 'Try again', copy: 'Copy', close: 'Close', cancel: 'Cancel' },
};
export type Texts = typeof en;
