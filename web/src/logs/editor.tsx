import { useComputedColorScheme } from '@mantine/core';
import { forwardRef, useEffect, useImperativeHandle, useRef } from 'react';
import type { Diagnostic, Table } from '../api/types';
import { blockAt, rangeOf } from './kql_text';
import { monaco, setTables } from './kusto';

export interface EditorHandle {
  // What runs: the selection, or the block around the cursor.
  runnable(): { text: string; line: number; column: number; wholeBlock: boolean };
  replaceBlock(text: string): void;
  insert(text: string): void;
  showDiagnostics(query: string, line: number, column: number, diagnostics: Diagnostic[]): void;
  goTo(line: number, column: number): void;
  format(): void;
  focus(): void;
  setText(text: string): void;
}

interface Props {
  initialText: string;
  tables: Table[] | undefined;
  label: string;
  onChange(text: string): void;
  onRun(): void;
}

export const Editor = forwardRef<EditorHandle, Props>(function Editor({ initialText, tables, label, onChange, onRun }, ref) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<monaco.editor.IStandaloneCodeEditor | null>(null);
  const callbacks = useRef({ onChange, onRun });
  callbacks.current = { onChange, onRun };
  const scheme = useComputedColorScheme('light');

  useEffect(() => {
    const model = monaco.editor.createModel(initialText, 'kusto');
    const made = monaco.editor.create(host.current!, {
      model,
      automaticLayout: true,
      minimap: { enabled: false },
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue('--y-mono'),
      fontSize: 13.5,
      lineHeight: 21,
      lineNumbersMinChars: 3,
      padding: { top: 10, bottom: 10 },
      scrollBeyondLastLine: false,
      wordWrap: 'on',
      renderLineHighlight: 'line',
      renderLineHighlightOnlyWhenFocus: true,
      overviewRulerLanes: 0,
      hideCursorInOverviewRuler: true,
      overviewRulerBorder: false,
      glyphMargin: false,
      folding: false,
      fixedOverflowWidgets: true,
      'semanticHighlighting.enabled': true,
      suggest: { showStatusBar: true, preview: false },
      ariaLabel: label,
      scrollbar: { verticalScrollbarSize: 10, horizontalScrollbarSize: 10 },
    });
    made.addAction({
      id: 'yagura.run', label: 'Run', keybindings: [monaco.KeyMod.CtrlCmd | monaco.KeyCode.Enter, monaco.KeyMod.Shift | monaco.KeyCode.Enter],
      contextMenuGroupId: 'navigation', contextMenuOrder: 0, run: () => callbacks.current.onRun(),
    });
    made.onDidChangeModelContent(() => {
      monaco.editor.setModelMarkers(model, 'yagura', []);
      callbacks.current.onChange(model.getValue());
    });
    editor.current = made;
    const end = model.getFullModelRange();
    made.setPosition({ lineNumber: end.endLineNumber, column: end.endColumn });
    made.focus();
    return () => {
      made.dispose();
      model.dispose();
      editor.current = null;
    };
    // The text belongs to the editor once it is made.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  useEffect(() => {
    monaco.editor.setTheme(scheme === 'dark' ? 'yagura-dark' : 'yagura-light');
  }, [scheme]);

  useEffect(() => {
    const model = editor.current?.getModel();
    if (model && tables) void setTables(model, tables);
  }, [tables]);

  useImperativeHandle(ref, () => {
    const parts = () => {
      const made = editor.current!;
      return { made, model: made.getModel()! };
    };
    return {
      runnable() {
        const { made, model } = parts();
        made.trigger('yagura', 'hideSuggestWidget', {});
        const selection = made.getSelection();
        if (selection && !selection.isEmpty()) {
          const text = model.getValueInRange(selection);
          if (text.trim() !== '') return { text, line: selection.startLineNumber, column: selection.startColumn, wholeBlock: false };
        }
        const text = model.getValue(monaco.editor.EndOfLinePreference.LF);
        const offset = model.getOffsetAt(made.getPosition() ?? { lineNumber: 1, column: 1 });
        const block = blockAt(text, offset);
        return { text: block.text, line: model.getPositionAt(block.start).lineNumber, column: 1, wholeBlock: true };
      },
      replaceBlock(text) {
        const { made, model } = parts();
        const offset = model.getOffsetAt(made.getPosition() ?? { lineNumber: 1, column: 1 });
        const block = blockAt(model.getValue(), offset);
        const range = monaco.Range.fromPositions(model.getPositionAt(block.start), model.getPositionAt(block.start + block.text.length));
        made.executeEdits('yagura', [{ range, text }]);
        made.pushUndoStop();
      },
      insert(text) {
        const { made } = parts();
        made.executeEdits('yagura', [{ range: made.getSelection()!, text, forceMoveMarkers: true }]);
        made.focus();
      },
      showDiagnostics(query, line, column, diagnostics) {
        const { model } = parts();
        monaco.editor.setModelMarkers(model, 'yagura', diagnostics.map((diagnostic) => ({
          ...rangeOf(query, diagnostic, line, column),
          message: diagnostic.message, code: diagnostic.code, source: 'yagura',
          severity: diagnostic.severity === 'error' ? monaco.MarkerSeverity.Error : monaco.MarkerSeverity.Warning,
        })));
      },
      goTo(line, column) {
        const { made } = parts();
        made.setPosition({ lineNumber: line, column });
        made.revealLineInCenterIfOutsideViewport(line);
        made.focus();
      },
      format() { void parts().made.getAction('editor.action.formatDocument')?.run(); },
      focus() { parts().made.focus(); },
      setText(text) {
        const { made, model } = parts();
        made.executeEdits('yagura', [{ range: model.getFullModelRange(), text }]);
        made.pushUndoStop();
        const end = model.getFullModelRange();
        made.setPosition({ lineNumber: end.endLineNumber, column: end.endColumn });
        made.focus();
      },
    };
  }, []);

  return <div ref={host} style={{ height: '100%', width: '100%' }} />;
});
