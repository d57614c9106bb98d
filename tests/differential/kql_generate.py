"""Random KQL over the tables T and U: mostly right, some slightly wrong. The same seed gives the same queries."""
import random

TABLES = {
    'T': [['b', 'bool'], ['i', 'int'], ['l', 'long'], ['r', 'real'], ['c', 'decimal'], ['s', 'string'], ['t', 'datetime'],
          ['p', 'timespan'], ['g', 'guid'], ['d', 'dynamic']],
    'U': [['l', 'long'], ['s', 'string'], ['t', 'datetime'], ['x', 'real'], ['name', 'string'], ['d', 'dynamic']],
    'functions': [['F', '(n:long)', '{ T | where l > n }'], ['G', '(x:string, y:long=5)', '{ strcat(x, y) }'], ['F2', '(X:(l:long, s:string))', '{ X | where l > 1 | extend F2 = s }']],
}
LITERALS = {
    'bool': ['true', 'false', 'bool(null)'], 'int': ['int(3)', 'int(null)'], 'long': ['1', '42', 'long(7)', '0x1F'],
    'real': ['1.5', 'real(2)', '1e3'], 'decimal': ['decimal(1.5)'], 'string': ["'a'", '"b c"', "@'x\\y'", "h'secret'", "''"],
    'datetime': ['datetime(2020-01-01)', 'now()', 'ago(1d)'], 'timespan': ['1h', '5m', 'timespan(1.02:03:04)', '2d'],
    'guid': ['guid(74be27de-1e4e-49d9-b579-fe0b331d3642)'],
    'dynamic': ['dynamic([1,2])', 'dynamic({"a":1})', "dynamic(['x'])", 'dynamic(null)'],
}
# name, parameter types, result; a type may be "any".
SCALARS = [
    ('strlen', ['string'], 'long'), ('tolower', ['any'], 'string'), ('toupper', ['string'], 'string'), ('strcat', ['any', 'any'], 'string'),
    ('substring', ['string', 'long'], 'string'), ('split', ['string', 'string'], 'dynamic'), ('tostring', ['any'], 'string'),
    ('toint', ['any'], 'int'), ('tolong', ['any'], 'long'), ('toreal', ['any'], 'real'), ('todouble', ['any'], 'real'), ('tobool', ['any'], 'bool'),
    ('todatetime', ['any'], 'datetime'), ('totimespan', ['any'], 'timespan'), ('toguid', ['string'], 'guid'),
    ('parse_json', ['string'], 'dynamic'), ('todynamic', ['string'], 'dynamic'), ('bin', ['long', 'long'], 'long'), ('bin', ['datetime', 'timespan'], 'datetime'),
    ('floor', ['real', 'real'], 'real'), ('round', ['real'], 'real'), ('abs', ['long'], 'long'), ('sqrt', ['real'], 'real'), ('pow', ['real', 'real'], 'real'),
    ('isnull', ['any'], 'bool'), ('isnotempty', ['any'], 'bool'), ('isempty', ['any'], 'bool'), ('not', ['bool'], 'bool'), ('iff', ['bool', 'long', 'long'], 'long'),
    ('iif', ['bool', 'string', 'string'], 'string'), ('case', ['bool', 'string', 'string'], 'string'), ('coalesce', ['long', 'long'], 'long'),
    ('datetime_diff', ["'day'", 'datetime', 'datetime'], 'long'), ('datetime_add', ["'hour'", 'long', 'datetime'], 'datetime'),
    ('startofday', ['datetime'], 'datetime'), ('endofmonth', ['datetime'], 'datetime'), ('format_datetime', ['datetime', "'yyyy'"], 'string'),
    ('dayofweek', ['datetime'], 'timespan'), ('hourofday', ['datetime'], 'long'), ('ago', ['timespan'], 'datetime'),
    ('extract', ["'a(b)'", '1', 'string'], 'string'), ('replace_string', ['string', 'string', 'string'], 'string'), ('trim', ["'x'", 'string'], 'string'),
    ('indexof', ['string', 'string'], 'long'), ('countof', ['string', 'string'], 'long'), ('hash', ['any'], 'long'), ('hash_sha256', ['string'], 'string'),
    ('array_length', ['dynamic'], 'long'), ('array_concat', ['dynamic', 'dynamic'], 'dynamic'), ('pack_array', ['any', 'any'], 'dynamic'),
    ('bag_pack', ["'k'", 'any'], 'dynamic'), ('pack_all', [], 'dynamic'), ('bag_keys', ['dynamic'], 'dynamic'), ('set_union', ['dynamic', 'dynamic'], 'dynamic'),
    ('min_of', ['long', 'long'], 'long'), ('max_of', ['real', 'real'], 'real'), ('ipv4_is_private', ['string'], 'bool'), ('parse_url', ['string'], 'dynamic'),
    ('base64_decode_tostring', ['string'], 'string'), ('column_ifexists', ["'s'", 'string'], 'string'), ('make_datetime', ['long', 'long', 'long'], 'datetime'),
    ('gettype', ['any'], 'string'), ('rand', [], 'real'), ('has_any_index', ['string', 'dynamic'], 'long'), ('repeat', ['long', '3'], 'dynamic'),
    ('strcat_delim', ["','", 'any', 'any'], 'string'), ('strcat_array', ['dynamic', "','"], 'string'), ('extract_all', ["'(a)'", 'string'], 'dynamic'), ('replace_regex', ['string', "'a'", "'b'"], 'string'),
    ('trim_start', ["'a'", 'string'], 'string'), ('reverse', ['any'], 'string'), ('translate', ["'a'", "'b'", 'string'], 'string'), ('url_decode', ['string'], 'string'), ('hash_md5', ['any'], 'string'),
    ('parse_path', ['string'], 'dynamic'), ('parse_ipv4', ['string'], 'long'), ('ipv4_is_in_range', ['string', "'10.0.0.0/8'"], 'bool'), ('ipv4_compare', ['string', 'string'], 'long'), ('parse_xml', ['string'], 'dynamic'),
    ('parse_csv', ['string'], 'dynamic'), ('parse_version', ['string'], 'decimal'), ('todecimal', ['any'], 'decimal'), ('exp', ['real'], 'real'), ('log', ['real'], 'real'), ('sign', ['real'], 'real'), ('ceiling', ['real'], 'real'),
    ('isfinite', ['real'], 'bool'), ('binary_and', ['long', 'long'], 'long'), ('binary_shift_left', ['long', 'long'], 'long'), ('dayofmonth', ['datetime'], 'int'), ('monthofyear', ['datetime'], 'int'),
    ('getyear', ['datetime'], 'int'), ('week_of_year', ['datetime'], 'long'), ('startofweek', ['datetime', '1'], 'datetime'), ('datetime_part', ["'hour'", 'datetime'], 'long'), ('format_timespan', ['timespan', "'hh:mm'"], 'string'),
    ('unixtime_seconds_todatetime', ['long'], 'datetime'), ('datetime_local_to_utc', ['datetime', "'UTC'"], 'datetime'), ('bin_at', ['datetime', 'timespan', 'datetime'], 'datetime'), ('array_slice', ['dynamic', 'long', 'long'], 'dynamic'),
    ('array_index_of', ['dynamic', 'any'], 'long'), ('array_sum', ['dynamic'], 'real'), ('array_split', ['dynamic', 'long'], 'dynamic'), ('array_reverse', ['dynamic'], 'dynamic'), ('bag_merge', ['dynamic', 'dynamic'], 'dynamic'),
    ('bag_remove_keys', ['dynamic', "dynamic(['a'])"], 'dynamic'), ('bag_has_key', ['dynamic', "'a'"], 'bool'), ('set_has_element', ['dynamic', 'any'], 'bool'), ('set_difference', ['dynamic', 'dynamic'], 'dynamic'), ('zip', ['dynamic', 'dynamic'], 'dynamic'),
    ('treepath', ['dynamic'], 'dynamic'), ('jaccard_index', ['dynamic', 'dynamic'], 'real'), ('series_fir', ['dynamic', 'dynamic'], 'dynamic'), ('series_sum', ['dynamic'], 'real'), ('dynamic_to_json', ['dynamic'], 'string'),
    ('geo_distance_2points', ['real', 'real', 'real', 'real'], 'real'), ('toscalar', ['(U | project l)'], 'long'), ('toscalar', ['(T | summarize max(t))'], 'datetime'), ('estimate_data_size', ['any'], 'long'), ('new_guid', [], 'guid'),
    ('range', ['long', 'long', '1'], 'dynamic'), ('case', ['bool', 'long', 'bool', 'long', 'long'], 'long'), ('iff', ['bool', 'any', 'any'], 'string'), ('coalesce', ['string', 'string', 'string'], 'string'), ('punycode_to_string', ['string'], 'string'),
]
AGGREGATES = [
    ('count', [], 'long'), ('dcount', ['any'], 'long'), ('countif', ['bool'], 'long'), ('sum', ['long'], 'long'), ('avg', ['real'], 'real'), ('min', ['datetime'], 'datetime'),
    ('max', ['string'], 'string'), ('make_set', ['any'], 'dynamic'), ('make_list', ['any'], 'dynamic'), ('makeset', ['string'], 'dynamic'), ('any', ['string'], 'string'),
    ('take_any', ['any'], 'string'), ('percentile', ['long', '95'], 'long'), ('percentiles', ['real', '5', '50'], 'real'), ('stdev', ['real'], 'real'), ('arg_max', ['datetime', '*'], 'datetime'),
    ('arg_min', ['long', 'string'], 'long'), ('sumif', ['long', 'bool'], 'long'), ('dcountif', ['any', 'bool'], 'long'), ('make_bag', ['dynamic'], 'dynamic'), ('variance', ['long'], 'real'),
    ('make_set_if', ['string', 'bool'], 'dynamic'), ('binary_all_or', ['long'], 'long'), ('hll', ['string'], 'dynamic'), ('argmax', ['long', 'string'], 'long'),
    ('sum', ['timespan'], 'timespan'), ('avg', ['datetime'], 'datetime'), ('avg', ['any'], 'real'), ('max', ['any'], 'string'), ('avgif', ['real', 'bool'], 'real'), ('maxif', ['datetime', 'bool'], 'datetime'), ('minif', ['any', 'bool'], 'string'),
    ('make_list_if', ['any', 'bool'], 'dynamic'), ('make_list_with_nulls', ['any'], 'dynamic'), ('make_set', ['string', '10'], 'dynamic'), ('count_distinct', ['any'], 'long'), ('count_distinctif', ['any', 'bool'], 'long'), ('stdevp', ['real'], 'real'),
    ('varianceif', ['real', 'bool'], 'real'), ('percentile', ['any', '50'], 'long'), ('percentilew', ['long', 'long', '50'], 'long'), ('percentiles_array', ['real', '5', '95'], 'dynamic'), ('tdigest', ['real'], 'dynamic'), ('hll_merge', ['dynamic'], 'dynamic'),
    ('take_anyif', ['any', 'bool'], 'string'), ('buildschema', ['dynamic'], 'dynamic'), ('binary_all_xor', ['long'], 'long'), ('make_bag_if', ['dynamic', 'bool'], 'dynamic'), ('dcount', ['string', '2'], 'long'), ('take_any', ['*'], 'string'), ('covariance', ['real', 'real'], 'real'),
]
TEXT = ['==', '!=', '=~', '!~', 'has', '!has', 'has_cs', 'contains', '!contains', 'contains_cs', 'startswith', '!startswith', 'endswith', 'hasprefix', 'hassuffix']
TYPES = list(LITERALS)


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.number = 0

    def pick(self, items):
        return self.random.choice(items)

    def chance(self, p):
        return self.random.random() < p

    def new_name(self):
        self.number += 1
        return self.pick(['a', 'n', 'v', 'Total', 'x', 's']) + (str(self.number) if self.chance(0.8) else '')

    def scalar(self, wanted, columns, depth=2):
        """An expression that mostly has the type; `columns` is [(name, type)]."""
        if wanted not in LITERALS and wanted != 'any':
            return wanted
        kind = self.pick(TYPES) if wanted == 'any' or self.chance(0.04) else wanted
        names = [n for n, t in columns if t == kind]
        roll = self.random.random()
        if depth == 0 or roll < 0.45:
            if names and self.chance(0.75):
                return self.pick(names)
            return self.pick(LITERALS[kind])
        if roll < 0.7:
            found = [f for f in SCALARS if f[2] == kind]
            if found:
                name, parameters, _ = self.pick(found)
                arguments = [self.scalar(p, columns, depth - 1) for p in parameters]
                if self.chance(0.02):
                    arguments = arguments[1:] if arguments else ['1']
                return f"{name}({', '.join(arguments)})"
        if kind == 'bool':
            return self.condition(columns, depth - 1)
        if kind in ('long', 'real', 'int', 'decimal', 'timespan'):
            other = kind if kind != 'timespan' or self.chance(0.5) else 'timespan'
            left, right = self.scalar(kind, columns, depth - 1), self.scalar(other, columns, depth - 1)
            return self.pick([f'{left} {self.pick(["+", "-", "*", "/", "%"])} {right}', f'-({left})', f'({left})'])
        if kind == 'datetime':
            return f"{self.scalar('datetime', columns, depth - 1)} {self.pick('+-')} {self.scalar('timespan', columns, depth - 1)}"
        if kind == 'dynamic' and names:
            return self.pick(names) + self.pick(['.x', '["y"]', '[0]', '.x.y', '.["a-b"]', '.x[1].z', '[-1]'])
        if kind == 'string' and self.chance(0.3):
            return f'G({self.scalar("string", columns, depth - 1)})'
        return self.pick(names or LITERALS[kind])

    def condition(self, columns, depth=2):
        roll = self.random.random()
        if roll < 0.25 and depth > 0:
            return f'{self.condition(columns, depth - 1)} {self.pick(["and", "or"])} {self.condition(columns, depth - 1)}'
        if roll < 0.35 and depth > 0:
            return self.pick(['not({})', '({})']).format(self.condition(columns, depth - 1))
        if roll < 0.6:
            return f"{self.scalar('string', columns, 1)} {self.pick(TEXT)} {self.scalar('string', columns, 1 if self.chance(0.5) else 0)}"
        if roll < 0.72:
            kind = self.pick(['long', 'string', 'any'])
            items = ', '.join(self.scalar(kind, [], 0) for _ in range(self.random.randint(1, 3)))
            return f"{self.scalar(kind, columns, 1)} {self.pick(['in', '!in', 'in~', '!in~', 'has_any', 'has_all', 'in'])} ({items})"
        if roll < 0.8:
            kind = self.pick(['long', 'datetime', 'real', 'timespan'])
            return f"{self.scalar(kind, columns, 1)} {self.pick(['between', '!between'])} ({self.scalar(kind, columns, 0)} .. {self.scalar(kind, columns, 0)})"
        kind = self.pick(['long', 'real', 'datetime', 'timespan', 'any', 'int'])
        return f"{self.scalar(kind, columns, 1)} {self.pick(['==', '!=', '<', '<=', '>', '>='])} {self.scalar(kind, columns, 1)}"

    def item(self, columns, names=True):
        kind = self.pick(TYPES)
        value = self.scalar(kind, columns)
        if names and self.chance(0.7):
            name = self.new_name()
            return f'{name} = {value}', (name, kind)
        return value, None

    def aggregate(self, columns):
        name, parameters, kind = self.pick(AGGREGATES)
        value = f"{name}({', '.join(self.scalar(p, columns, 1) for p in parameters)})"
        if self.chance(0.15):
            value += f' {self.pick("+-*/")} {self.pick(["1", "2.0", "count()"])}'
        if self.chance(0.5):
            called = self.new_name()
            return f'{called} = {value}', (called, kind)
        return value, None

    def column(self, columns):
        return self.pick(columns)[0] if columns and not self.chance(0.02) else self.pick(['nope', 'L', 'Type'])

    def operator(self, columns):
        """Text of one operator, and the columns behind it as far as they are known."""
        some = lambda n: self.random.sample(columns, min(n, len(columns)))
        kind = self.random.randint(0, 40)
        names = lambda *types: [c[0] for c in columns if c[1] in types]
        if kind <= 4:
            return f"| where {self.condition(columns)}", columns
        if kind <= 7:
            items = [self.item(columns) for _ in range(self.random.randint(1, 3))]
            return '| extend ' + ', '.join(i[0] for i in items), [c for c in columns if c[0] not in [i[1][0] for i in items if i[1]]] + [i[1] for i in items if i[1]]
        if kind <= 9:
            kept = some(4)
            items = [self.item(columns) for _ in range(self.random.randint(0, 2))]
            texts = [c[0] for c in kept] + [i[0] for i in items]
            return '| project ' + ', '.join(texts or ['s1 = 1']), (kept + [i[1] for i in items if i[1]]) or [('s1', 'long')]
        if kind <= 13:
            keys = [c for c in some(2) if c[1] != 'dynamic' or self.chance(0.1)]
            aggregates = [self.aggregate(columns) for _ in range(self.random.randint(1, 3))]
            by = [c[0] for c in keys]
            if self.chance(0.2) and any(c[1] == 'datetime' for c in columns):
                by.append('bin(' + self.pick([c[0] for c in columns if c[1] == 'datetime']) + ', 1h)')
            return '| summarize ' + ', '.join(a[0] for a in aggregates) + (' by ' + ', '.join(by) if by else ''), keys + [a[1] for a in aggregates if a[1]]
        if kind == 14:
            return '| take ' + self.pick(['10', 'toint(5)', "'x'" if self.chance(0.1) else '3']), columns
        if kind == 15:
            return f"| {self.pick(['sort', 'order'])} by {self.column(columns)} {self.pick(['', 'asc', 'desc', 'asc nulls first'])}", columns
        if kind == 16:
            return f'| top 5 by {self.column(columns)}', columns
        if kind == 17:
            kept = [c for c in some(2) if c[1] != 'dynamic']
            return ('| distinct ' + ', '.join(c[0] for c in kept), kept) if kept else ('| count', [('Count', 'long')])
        if kind == 18:
            gone = some(2)
            return f"| project-away {', '.join(c[0] for c in gone)}{self.pick(['', ', s*'])}", [c for c in columns if c not in gone]
        if kind == 19:
            one = self.pick(columns)
            new = self.new_name()
            return f'| project-rename {new} = {one[0]}', [(new, c[1]) if c == one else c for c in columns]
        if kind == 20:
            return f"| project-reorder {self.column(columns)}, {self.pick(['*', 's*', 't', '* desc', 'l asc'])}", columns
        if kind <= 22:
            how = self.pick(['', 'kind=inner ', 'kind=leftouter ', 'kind=leftanti ', 'kind=rightsemi ', 'kind=fullouter ', 'hint.strategy=broadcast '])
            on = self.pick(['l', 's', '$left.l == $right.l', '$left.s == $right.name', 's, l'])
            return f"| {self.pick(['join', 'join', 'lookup'])} {how}{self.pick(['U', '(U | where x > 1)', '(U | project l, s, name)', '(T | extend l1 = 1)'])} on {on}".replace('lookup kind=leftanti', 'lookup').replace('lookup kind=rightsemi', 'lookup').replace('lookup kind=fullouter', 'lookup'), columns
        if kind == 23:
            found = [c[0] for c in columns if c[1] == 'dynamic'] or ['d']
            return f"| mv-expand {self.pick(['', 'e = '])}{self.pick(found)}{self.pick(['', ' to typeof(long)', ' to typeof(string)'])}", columns
        if kind == 24:
            found = [c[0] for c in columns if c[1] == 'string'] or ['s']
            return f"| parse {self.pick(found)} with {self.pick(['', '* '])}'k=' {self.pick(['K', 'w'])}:{self.pick(['long', 'string', 'datetime'])} ' ' {self.pick(['*', 'R'])}", columns
        if kind == 25:
            return f"| union {self.pick(['', 'isfuzzy=true ', 'withsource=Src '])}{self.pick(['U', '(U | where l > 1)', 'T, U', '(T | project s, l = 1.5)'])}", columns
        if kind == 26:
            return self.pick(['| count', '| getschema', '| serialize rn = row_number()', '| extend q = prev(l)', '| as Z', '| sample 3']), columns
        if kind == 28:
            prefix = self.pick(['', ", 'p_'"])
            return f"| evaluate bag_unpack({self.pick(names('dynamic') or ['d'])}{prefix})", columns + [('k', 'any'), ('Level', 'any')]
        if kind == 29:
            return f"| make-series {self.aggregate(columns)[0]}{self.pick(['', ' default=0'])} on {self.pick(names('datetime', 'long') or ['t'])} {self.pick(['step 1h', 'from ago(1d) to now() step 1h', 'from 1 to 5 step 1'])}{self.pick(['', ' by s'])}", columns
        if kind == 30:
            others = self.pick(['', " with others='x'"])
            return f"| top-nested 3 of {self.column(columns)}{others} by {self.aggregate(columns)[0]}{self.pick(['', ', top-nested of s by count()', ', top-nested 2 of l by max(t) desc'])}", columns
        if kind == 31:
            return self.pick(['| top-hitters 3 of {0}', '| top-hitters 3 of {0} by l', '| sample-distinct 4 of {0}', '| reduce by {0}', '| facet by {0}', '| project-keep {0}, s*']).format(self.column(columns)), columns
        if kind == 32:
            delimiters = self.pick(['', " with (pair_delimiter=',', kv_delimiter='=')", ' with (greedy=true)'])
            return f"| parse-kv {self.pick(names('string') or ['s'])} as ({self.pick(['K:long', 'K:string, w:datetime', 's2:guid'])}){delimiters}", columns
        if kind == 33:
            return f"| parse-where {self.pick(names('string') or ['s'])} with * 'x' {self.pick(['K', 'w'])}:{self.pick(['long', 'int', 'real'])} ',' {self.pick(['*', 'R'])}", columns
        if kind == 34:
            return f"| partition {self.pick(['', 'hint.strategy=native '])}by {self.column(columns)} ({self.pick(['top 1 by l', 'summarize n = count()', 'where l > 1 | take 2', 'extend z = s'])})", columns
        if kind == 35:
            return f"| scan {self.pick(['', 'with_match_id=m '])}declare (depth:long=0, first:string='') with (step a: {self.condition(columns, 1)} => depth = 1; step b{self.pick(['', ' output=last', ' output=none'])}: {self.condition(columns, 1)} => depth = a.depth + 1, first = s;)", columns
        if kind == 36:
            return self.pick(['| evaluate narrow()', '| evaluate autocluster()', '| evaluate pivot(s, count())', '| evaluate pivot(s, sum(l), t)', "| evaluate activity_counts_metrics(s, t, ago(1d), now(), 1h)", '| evaluate dcount_intersect(d, d)',
                              '| invoke F2()', '| evaluate rolling_percentile(l, 50, t, 1d, 3)', '| evaluate session_count(s, t, ago(1d), now(), 1h, 1d)', '| evaluate ipv4_lookup(U, s, name)']), columns
        if kind == 37:
            one, two = self.pick(columns)[0], self.pick(columns)[0]
            return f"| serialize {self.pick(['n = row_number()', f'p = prev({one})', f'x2 = next({one}, 2)', f'c = row_cumsum({two})', f'q = row_window_session({one}, 1h, 5m, {two} != prev({two}))', f'r2 = row_rank_dense({one})'])}", columns
        if kind == 38:
            key = self.pick(['.a.b', '[0]', "['x']", '[-1].y', '.["a-b"]', '[1.5]'])
            return f"| extend {self.new_name()} = {self.pick(names('dynamic') or ['d'])}{key}", columns
        if kind == 39:
            values = self.pick(['U', '(U | project name)', 'T | project s', "dynamic(['a', 'b'])", "'a', 'b'"])
            return f"| where {self.column(columns)} {self.pick(['in', 'has_any', '!in~'])} ({values})", columns
        if kind == 40:
            return f"| summarize {self.aggregate(columns)[0]} by {self.column(columns)}, {self.pick(['bin(t, 1h)', 'bin(l, 10)', 'tostring(d)', 'x = s', 'strlen(s)'])}", columns
        return f"| mv-apply e = {self.pick([c[0] for c in columns if c[1] == 'dynamic'] or ['d'])} on ({self.pick(['where tolong(e) > 1', 'extend f = e.x', 'summarize m = make_set(e)', 'top 1 by tostring(e)'])})", columns

    def query(self):
        self.number = 0
        before = ''
        roll = self.random.random()
        if roll < 0.1:
            before = f"let k = {self.scalar('long', [], 1)}; let V = T | where l > k; "
        elif roll < 0.16:
            before = f"let f = (q:string, n:long = 2) {{ strcat(q, n) }}; "
        source = self.pick(['T', 'T', 'T', 'U', 'F(3)', 'V' if 'V =' in before else 'T', "datatable(l:long, s:string, d:dynamic)[1, 'a', dynamic([1])]", 'range l from 1 to 5 step 1', 'union T, U'])
        columns = {'U': TABLES['U'], 'datatable': [['l', 'long'], ['s', 'string'], ['d', 'dynamic']], 'range': [['l', 'long']]}.get(source.split('(')[0].split(' ')[0], TABLES['T'])
        columns = [tuple(c) for c in columns]
        if self.chance(0.04):
            condition = self.pick(["s == 'a'", 'l > 1 and t > ago(1d)', "'x'", "* has 'a'", "name has 'x'"])
            return before + self.pick(['find in (T, U) where ', 'search in (T, U) ', 'find where ', 'search ', 'find withsource=W in (T, U) where ']) + condition
        if self.chance(0.06):
            return before + 'print ' + ', '.join(self.item([])[0] for _ in range(self.random.randint(1, 3)))
        text = before + source
        for _ in range(self.random.randint(1, 4)):
            if not columns:
                break
            piece, columns = self.operator(columns)
            text += ' ' + piece
        return self.broken(text) if self.chance(0.08) else text

    def broken(self, text):
        words = text.split(' ')
        at = self.random.randrange(len(words))
        roll = self.random.random()
        if roll < 0.4:
            del words[at]
        elif roll < 0.7:
            words[at] = self.pick(['|', '(', ')', 'by', 'nope', '1', "'x'", 'and', ',', '='])
        else:
            words.insert(at, self.pick(['|', ')', 'nope', ',', 'where', '=']))
        return ' '.join(words)


def queries(count, seed=1):
    generator = Generator(seed)
    return [generator.query() for _ in range(count)]
