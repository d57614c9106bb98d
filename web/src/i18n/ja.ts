import type { Texts } from './en';

export const ja: Texts = {
  app: { logs: 'ログ', tail: 'ライブテール', alerts: 'アラート', rules: 'ルール', admin: '管理', health: '稼働状況', account: 'アカウント', signOut: 'サインアウト', theme: 'テーマ', light: 'ライト', dark: 'ダーク', system: 'システムに合わせる', language: '言語', collapse: 'メニューを畳む', skip: '本文へ移動' },
  signIn: {
    title: 'Yagura にサインイン', lead: 'ログを見張る櫓。', name: 'ユーザー名', password: 'パスワード', go: 'サインイン',
    wrong: 'ユーザー名またはパスワードが違います。', unreachable: 'サーバーに接続できません。', over: 'セッションが終了しました。もう一度サインインしてください。',
    hint: 'サーバーの初回起動時に、ユーザー名とパスワードが表示されます。',
    changeTitle: '新しいパスワードの設定', changeLead: '管理者により、続行前のパスワード変更が求められています。',
    old: '現在のパスワード', fresh: '新しいパスワード', repeat: '新しいパスワード(確認)', differ: '二つの入力が一致しません。', change: 'パスワードを変更',
    rules: '12 文字以上。謎めいた文字列より、文章のほうが覚えやすく安全です。', changed: 'パスワードを変更しました。',
  },
  logs: {
    run: '実行', cancel: 'キャンセル', running: '実行中', history: '履歴', saved: '保存済み', save: '保存', tables: 'テーブル', format: '整形', newQuery: '新しいクエリ',
    pinned: 'ピン留め', customTables: 'カスタムテーブル', allTables: 'すべてのテーブル', pin: 'ピン留めする', unpin: 'ピン留めを外す', searchTables: 'テーブルや列を検索', noTables: '一致するテーブルはありません', columns: '列', insert: '名前を挿入', preview: '最新の行を表示', custom: 'カスタム',
    results: '結果', chart: 'グラフ', rows_one: '{{count}} 行', rows_other: '{{count}} 行', read: '{{rows}} 行を走査', took: '{{time}}',
    emptyTitle: 'ログに問いかける', emptyText: 'KQL でクエリを書き、次のキーで実行します:', emptyOr: 'または、次の例から始められます。',
    noneTitle: '該当なし', noneText: 'クエリは実行されましたが、一致する行はありませんでした。時間範囲を広げるか、条件を緩めてください。',
    cancelledTitle: 'キャンセルしました', cancelledText: 'サーバー側のクエリも停止しました。',
    failed: 'クエリが失敗しました', failedAt: '{{line}} 行 {{column}} 列', goTo: 'その位置へ移動',
    truncated: '結果は {{count}} 行で打ち切られました。CSV エクスポートか summarize をお使いください。', partial: '応答が途中で途切れました。届いた分を表示しています。',
    columnsMenu: '列', showAll: 'すべて表示', hideEmpty: '空の列を隠す', emptyHidden_one: '空の列を {{count}} 件非表示', emptyHidden_other: '空の列を {{count}} 件非表示',
    exportCsv: 'CSV エクスポート', exportShown: '表示中の行', exportAll: '結果すべて(サーバー側)', copied: 'コピーしました',
    copyTable: 'テキストとしてコピー', copyCell: '値をコピー', copyRow: '行を JSON でコピー', include: 'この値に絞り込む', exclude: 'この値を除外する', sortUp: '昇順に並べ替え', sortDown: '降順に並べ替え', sortNone: '元の順序', hideColumn: '列を隠す',
    filterRows: '表示中の行を絞り込む', filtered: '{{count}} 件中 {{shown}} 件', details: '行の詳細', hideEmptyFields: '空のフィールドを隠す', filterFields: 'フィールドを検索', previous: '前の行', next: '次の行', close: '閉じる',
    noChartTitle: '描画できるデータがありません', noChartText: 'グラフには数値と、それに対する時刻または名前が必要です。例: | summarize count() by bin(TimeGenerated, 5m)',
    chartType: '種類', line: '折れ線', area: '面', bar: '横棒', column: '縦棒', pie: '円', scatter: '散布図', card: 'カード', stacked: '積み上げ', eventsOverTime: 'イベント数の推移', others: 'その他', series: '系列は {{count}} 件。大きい順に {{shown}} 件を表示',
    savedName: '名前', savedShare: '全員と共有する', savedNone: '保存済みのクエリはありません', savedSearch: '保存済みクエリを検索', savedDone: '保存しました', savedBy: '{{user}} 作成', remove: '削除',
    historyNone: '履歴はありません', historyClear: 'すべて消去',
    setInQuery: 'クエリ内で指定', schema: 'テーブル', showPanel: 'テーブルを表示', hidePanel: 'テーブルを隠す',
    sampleSyslog: '最新の syslog メッセージ', sampleFailed: 'ホスト別のサインイン失敗', sampleVolume: '件数の推移', sampleAlerts: '直近 1 日のアラート', shortcuts: '実行',
  },
  time: {
    label: '時間範囲', last: '過去 {{span}}', all: '全期間', custom: 'カスタム', from: '開始', to: '終了', apply: '適用', order: '終了が開始より前になっています。',
    m30: '30 分', h1: '1 時間', h4: '4 時間', h12: '12 時間', d1: '24 時間', d3: '3 日', d7: '7 日', d30: '30 日', local: '時刻は {{zone}} で表示しています', utc: '時刻を UTC で表示',
  },
  tail: {
    table: 'テーブル', allTables: 'すべてのテーブル', filter: '次の語を含む行のみ', highlight: '強調表示', pause: '一時停止', resume: '再開', clear: 'クリア',
    live: 'ライブ', paused: '一時停止中', connecting: '接続中', broken: '切断されました。再接続しています', ended: '終了', perSecond: '{{count}} 件/秒', shown: '{{count}} 行', skipped: '{{count}} 件は非表示', skippedHelp: '画面に表示しきれない量が届いたため表示しなかった行です。保存はすべて行われています。',
    waitingTitle: 'イベントを待っています', waitingText: '処理された行がここにすぐ表示されます。この条件に合う行はまだありません。', waiting_one: '{{count}} 行が待機中', waiting_other: '{{count}} 行が待機中', newest: '最新へ移動', openInLogs: 'ログで開く',
  },
  health: {
    title: '稼働状況', ok: 'すべて正常です', degraded: '確認が必要です', sources: 'ソース', name: '名前', kind: '種別', address: 'アドレス', state: '状態', rate: '件/秒', received: '受信数', bytes: 'バイト', dropped: '破棄', last: '最終イベント', never: 'なし', ago: '{{span}}前', now: 'たった今',
    noneTitle: 'ソースがありません', noneText: 'このサーバーに syslog を送るか、設定でソースを有効にしてください。', version: 'バージョン {{version}}',
  },
  account: {
    title: 'アカウント', role: 'ロール', password: 'パスワード', tokens: 'API トークン', tokensLead: 'スクリプトやツール用です。トークンの権限はロールの範囲内で、あなた自身の権限を超えることはありません。',
    newToken: '新しいトークン', tokenName: '名前', tokenRole: 'ロール', tokenScopes: '用途を限定(空ならロールの全権限)', tokenDays: '有効日数(空なら無期限)', create: '作成', created: '今コピーしてください。表示されるのはこの一度だけです。',
    hint: 'トークン', owner: 'ユーザー', lastUsed: '最終使用', expires: '有効期限', revoke: '失効', revokeSure: '「{{name}}」を失効させますか? 使用中のものは動かなくなります。', none: 'トークンはありません', never: 'なし', cancel: 'キャンセル', done: '完了',
  },
  severity: { Critical: '重大', High: '高', Medium: '中', Low: '低', Informational: '情報' },
  alerts: {
    tune: 'ルールを調整・抑止',
    count_one: '{{shown}} 件', count_other: '{{shown}} 件', find: 'アラートを検索', all: 'すべて', severity: '重大度', time: '時刻', name: 'アラート', entity: 'エンティティ', tactics: '戦術', none: 'アラートはありません', noneText: 'この時間範囲と条件では、何も検知されていません。', truncated: '最新の 1,000 件を表示しています。続きはログのページで SecurityAlert を検索してください。',
    detail: 'アラートの詳細', previous: '前', next: '次', span: '開始 – 終了', events: 'イベント数', group: 'グループ', rule: 'ルール', entities: 'エンティティ', falsePositives: '既知の誤検知', links: '参考資料', evidence: '受信したままの証拠', noEvidence: 'このアラートはジャーナルのイベントを指していません。', record: 'デコードされたイベント',
    proven: '改変がないことを証明済み', notYet: 'まだ署名されていません', notProven: '証明できません', received: '受信時刻', source: 'ソース',
  },
  rules: {
    count: '{{count}} 件中 {{shown}} 件', errors_one: 'エラー {{count}} 件', errors_other: 'エラー {{count}} 件', find: 'ルールを検索', show: '表示', all: 'すべて', on: '有効', off: '無効', error: 'エラー', matched: '一致あり', title: 'ルール', kind: '種類', matches: '一致数', state: '状態', broken: 'エラー', switch: '切り替え', none: 'ルールはありません', noneText: '条件に合うルールはありません。',
    tuned: '調整済み', suppressed: '抑止中', detail: 'ルールの詳細', file: 'ファイル', alerts: 'アラート', quiet: '抑止 {{suppressed}} 件、間引き {{throttled}} 件', cost: '負荷', costText: '対象ログ {{considered}} 件、評価 {{share}}、1 回 {{each}} ns', suppressions: '抑止', noSuppression: '抑止はありません', noSuppressionText: 'ルールを開くと、そのアラートを一定期間抑止できます。', suppressThis: 'アラートを一定期間抑止', suppress: '抑止する', end: '終了する', until: '{{time}} まで', over: '{{time}} に終了', endedBy: '{{time}} に {{user}} が終了', madeBy: '{{time}} に {{user}} が作成', everyRule: 'すべてのルール', reason: '理由', reasonHint: 'なぜこのアラートは不要ですか', howLong: '期間', where: '条件', whereHint: '1 行に 1 条件、すべて満たすもの。* は任意の文字列。空欄ならこのルールのすべてのアラート。', badLine: '{{line}} 行目は User = svc_* の形で書いてください', tuning: '調整', changedBy: '{{time}} に {{user}} が変更', asRule: 'ルールのとおり', newTitle: 'ルールの題名の代わり', throttle: '間引き', throttleHint: '超えた分は件数を示す 1 件のアラートになります。', throttleNone: '全ルール共通の設定', most: '最大件数', by: 'この組み合わせごと', seconds: '{{count}} 秒ごと', exclude: '除外するイベント', excludeHint: 'Sigma の検出条件(フィールドと値、修飾子も可)。', note: 'メモ', save: '保存', takeBack: '変更を破棄', saved: '保存しました。次のイベントから有効です。',
    for: { '1h': '1 時間', '8h': '8 時間', '1d': '1 日', '7d': '7 日', '30d': '30 日', '90d': '90 日', '365d': '1 年' }, period: { 60: '1 分ごと', 300: '5 分ごと', 900: '15 分ごと', 3600: '1 時間ごと', 14400: '4 時間ごと', 86400: '1 日ごと', 604800: '1 週間ごと' },
  },
  admin: {
    users: 'ユーザー', newUser: '新しいユーザー', enabled: '有効', lastLogin: '最終サインイン', created: '作成', you: '自分', mustChange: '(要パスワード変更)', more: 'その他', reset: 'パスワードを再設定', resetLead: '次回サインイン時に変更が必要です。このユーザーのセッションはすべて終了します。', remove: '削除', removeSure: '「{{name}}」を、セッション、トークン、保存済みクエリごと削除しますか?', display: '氏名', firstPassword: '初期パスワード', notYou: 'このページは管理者用です。',
  },
  keys: {
    title: 'キーボード操作', everywhere: '共通', pages: '各ページ(メニュー順)', help: 'この一覧', run: 'クエリを実行', cancel: 'クエリをキャンセル', complete: '入力補完',
    move: '移動', first: '先頭の行', last: '末尾の行', open: '行を開く', copy: 'セルをコピー', close: '行を閉じる', pause: '一時停止と再開',
  },
  common: { error: '問題が発生しました', loading: '読み込み中', retry: '再試行', copy: 'コピー', close: '閉じる', cancel: 'キャンセル' },
};
