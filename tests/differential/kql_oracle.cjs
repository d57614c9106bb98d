// Kusto's own language service says where a query is wrong. In: {"q": "..."} a line. Out: [[code, start, length], ...].
// Needs the npm package @kusto/language-service-next below the folder that KQL_ORACLE names.
const fs = require('fs'), path = require('path'), vm = require('vm');
const folder = path.join(process.env.KQL_ORACLE || '.', 'node_modules/@kusto/language-service-next');
for (const file of ['bridge.min.js', 'Kusto.Language.Bridge.min.js']) {
  vm.runInThisContext(fs.readFileSync(path.join(folder, file), 'utf8'), {filename: file});
}
const {KustoCode} = globalThis.Kusto.Language;
require('readline').createInterface({input: process.stdin}).on('line', (line) => {
  const found = KustoCode.Parse(JSON.parse(line).q).GetSyntaxDiagnostics();
  const out = [];
  for (let i = 0; i < found.Count; i++) {
    const d = found.getItem(i);
    out.push([d.Code, d.Start, d.Length]);
  }
  console.log(JSON.stringify(out));
});
