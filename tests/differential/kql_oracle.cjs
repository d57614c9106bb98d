// Kusto's own language service on each {"q": "..."} line of the standard input.
//   node kql_oracle.cjs            [[code, start, length], ...]: the syntax alone
//   node kql_oracle.cjs TABLES     {"ok": true, "errors": [[code, start, length, message], ...], "result": "(a: long)"}
//                                  ("ok": null where the service itself fails)
// TABLES is a file {"T": [["name", "type"], ...], "functions": [["name", "(x:long)", "{ ... }"], ...]}.
// The npm package @kusto/language-service-next (12.4.1) is looked for below KQL_ORACLE, then in the cache that ./dev setup
// fills.
const fs = require('fs'), path = require('path'), vm = require('vm');
const below = [process.env.KQL_ORACLE, path.join(__dirname, '../../.cache/kql-oracle')];
const folder = below.filter(Boolean).map((p) => path.join(p, 'node_modules/@kusto/language-service-next')).find(fs.existsSync);
if (!folder) {
  console.error('no @kusto/language-service-next; run ./dev setup or set KQL_ORACLE');
  process.exit(2);
}
for (const file of ['bridge.min.js', 'Kusto.Language.Bridge.min.js']) {
  vm.runInThisContext(fs.readFileSync(path.join(folder, file), 'utf8'), {filename: file});
}
const {KustoCode, GlobalState, Symbols} = globalThis.Kusto.Language;

function each(list, use) {
  const out = [];
  for (let i = 0; i < list.Count; i++) out.push(use(list.getItem(i)));
  return out;
}

function globals(file) {
  const symbols = [];
  for (const [name, columns] of Object.entries(JSON.parse(fs.readFileSync(file, 'utf8')))) {
    if (name === 'functions') {
      for (const [called, parameters, body] of columns) symbols.push(new Symbols.FunctionSymbol.$ctor16(called, parameters, body, null));
      continue;
    }
    const quoted = columns.map(([column, type]) => `['${column}']: ${type}`).join(', ');
    symbols.push(new Symbols.TableSymbol.$ctor7(name, `(${quoted})`, null));
  }
  return GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor('db', symbols));
}

function schema(type) {
  if (!type || !type.Columns) return type ? type.Name : '';
  return `(${each(type.Columns, (column) => `${column.Name}: ${column.Type.Name}`).join(', ')})`;
}

const tables = process.argv[2] ? globals(process.argv[2]) : null;
require('readline').createInterface({input: process.stdin}).on('line', (line) => {
  const query = JSON.parse(line).q;
  if (!tables) {
    console.log(JSON.stringify(each(KustoCode.Parse(query).GetSyntaxDiagnostics(), (d) => [d.Code, d.Start, d.Length])));
    return;
  }
  let code;
  try {
    code = KustoCode.ParseAndAnalyze(query, tables);
  } catch (problem) {  // it stumbles over some texts that are no queries
    console.log(JSON.stringify({ok: null, errors: [], result: '', problem: String(problem)}));
    return;
  }
  const errors = each(code.GetDiagnostics(), (d) => d).filter((d) => d.Severity === 'Error');
  console.log(JSON.stringify({
    ok: errors.length === 0,
    errors: errors.map((d) => [d.Code, d.Start, d.Length, d.Message]),
    result: schema(code.ResultType),
  }));
});
