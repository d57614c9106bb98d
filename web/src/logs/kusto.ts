// Monaco with Microsoft's KQL language service, fed with the server's tables.
import 'monaco-editor/esm/vs/editor/edcore.main';
import './kusto.css';
import * as monaco from 'monaco-editor/esm/vs/editor/editor.api';
import { getKustoWorker, kustoDefaults } from '@kusto/monaco-kusto';
import EditorWorker from 'monaco-editor/esm/vs/editor/editor.worker?worker';
import KustoWorker from '@kusto/monaco-kusto/release/esm/kusto.worker?worker';
import type { Table } from '../api/types';

self.MonacoEnvironment = {
  getWorker: (_id: string, label: string) => (label === 'kusto' ? new KustoWorker() : new EditorWorker()),
};

// An editor that is closed cancels what it was waiting for, and some of those promises nobody looks at: that is no error.
window.addEventListener('unhandledrejection', (event) => {
  if (event.reason instanceof Error && event.reason.name === 'Canceled' && event.reason.message === 'Canceled') event.preventDefault();
});

kustoDefaults.setLanguageSettings({
  ...kustoDefaults.languageSettings,
  // Management commands (".show") are not ours.
  includeControlCommands: false,
  newlineAfterPipe: true,
  enableQueryWarnings: true,
  enableQuerySuggestions: false,
  enableQuickFixes: true,
  formatter: { indentationSize: 4, pipeOperatorStyle: 'Smart' },
});

const common = {
  light: [
    { token: 'comment', foreground: '6f7d92', fontStyle: 'italic' }, { token: 'variable.predefined', foreground: '6f42c1' },
    { token: 'function', foreground: '1f5fae' }, { token: 'operator.sql', foreground: 'b3460c' }, { token: 'string', foreground: '1d6b45' },
    { token: 'operator.scss', foreground: 'b3460c' }, { token: 'variable', foreground: '9a2a66' }, { token: 'variable.parameter', foreground: '6f42c1' },
    { token: '', foreground: '16202e' }, { token: 'type', foreground: '0f6a83' }, { token: 'tag', foreground: '0f6a83' },
    { token: 'keyword', foreground: '1f5fae' }, { token: 'number', foreground: '8a3ffc' }, { token: 'annotation', foreground: '8a3ffc' },
  ],
  dark: [
    { token: 'comment', foreground: '8190a6', fontStyle: 'italic' }, { token: 'variable.predefined', foreground: 'c7a4ff' },
    { token: 'function', foreground: '8fc1ff' }, { token: 'operator.sql', foreground: 'f0a878' }, { token: 'string', foreground: '79d3a2' },
    { token: 'operator.scss', foreground: 'f0a878' }, { token: 'variable', foreground: 'f59ac6' }, { token: 'variable.parameter', foreground: 'c7a4ff' },
    { token: '', foreground: 'e4eaf3' }, { token: 'type', foreground: '78cfe6' }, { token: 'tag', foreground: '78cfe6' },
    { token: 'keyword', foreground: '6aa9f4' }, { token: 'number', foreground: 'c7a4ff' }, { token: 'annotation', foreground: 'c7a4ff' },
  ],
};
monaco.editor.defineTheme('yagura-light', {
  base: 'vs', inherit: true, rules: common.light,
  colors: {
    'editor.background': '#ffffff', 'editor.foreground': '#16202e', 'editorLineNumber.foreground': '#b3bdcb', 'editorLineNumber.activeForeground': '#51607a',
    'editor.lineHighlightBackground': '#f6f9fd', 'editor.lineHighlightBorder': '#00000000', 'editor.selectionBackground': '#cfe2fa', 'editorCursor.foreground': '#1f5fae',
    'editorWidget.border': '#e0e5ec', 'editorSuggestWidget.selectedBackground': '#e4eefb', 'editorSuggestWidget.selectedForeground': '#16202e', 'editorSuggestWidget.highlightForeground': '#1f5fae',
    'editorSuggestWidget.focusHighlightForeground': '#1f5fae', 'focusBorder': '#1f5fae',
  },
});
monaco.editor.defineTheme('yagura-dark', {
  base: 'vs-dark', inherit: true, rules: common.dark,
  colors: {
    'editor.background': '#141c28', 'editor.foreground': '#e4eaf3', 'editorLineNumber.foreground': '#4a5a70', 'editorLineNumber.activeForeground': '#a9b6c9',
    'editor.lineHighlightBackground': '#18212f', 'editor.lineHighlightBorder': '#00000000', 'editor.selectionBackground': '#284a75', 'editorCursor.foreground': '#6aa9f4',
    'editorWidget.background': '#1b2534', 'editorWidget.border': '#37465c', 'editorSuggestWidget.background': '#1b2534', 'editorSuggestWidget.selectedBackground': '#213a5c',
    'editorSuggestWidget.highlightForeground': '#6aa9f4', 'editorSuggestWidget.focusHighlightForeground': '#8fc1ff', 'editorHoverWidget.background': '#1b2534', 'focusBorder': '#6aa9f4',
  },
});

// The language service completes and checks against these. Once a model exists: the worker starts with the first one.
export async function setTables(model: monaco.editor.ITextModel, tables: Table[]) {
  const accessor = await getKustoWorker();
  const worker = await accessor(model.uri);
  const database = {
    name: 'yagura', majorVersion: 1, minorVersion: 0, functions: [], entityGroups: [],
    tables: tables.map((table) => ({
      name: table.name,
      docstring: table.description,
      entityType: 'Table' as const,
      columns: table.columns.map((column) => ({ name: column.name, type: column.type, docstring: column.description ?? '' })),
    })),
  };
  await worker.setSchema({ clusterType: 'Engine', cluster: { connectionString: 'https://yagura', databases: [database] }, database });
}

export { monaco };
