#include "fleet/siem_agent_status.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::fleet {

namespace {

constexpr std::int64_t kHour = 3600 * kTicksPerSecond;
constexpr std::int64_t kErrorAfter = 2 * kHour;
constexpr std::int64_t kDisconnectedAfter = 12 * kHour;

// D-20 to D-28 of the requirements; the numbers are kept as codes.
constexpr std::array<Explanation, 9> kExplanations{{
    {"SA-20",
     {"General error during bootstrap", "ブートストラップ中の一般的なエラー"},
     {"Something unexpected went wrong while the agent was starting.", "エージェントの起動中に予期しないエラーが発生しました。"},
     {"Read the newest trace log; make a support bundle with `yagura support bundle` and contact support.",
      "最新のトレース ログを確認し、`yagura support bundle` でサポート バンドルを作成してサポートに連絡してください。"}},
    {"SA-21",
     {"Too many critical errors", "重大なエラーが多すぎます"},
     {"Too many critical errors happened while connecting to the server; the agent shuts down.",
      "サーバーへの接続中に重大なエラーが多数発生したため、エージェントはシャットダウンします。"},
     {"Read the newest trace log; make a support bundle with `yagura support bundle` and contact support.",
      "最新のトレース ログを確認し、`yagura support bundle` でサポート バンドルを作成してサポートに連絡してください。"}},
    {"SA-22",
     {"Invalid token", "無効なトークン"},
     {"The token that was given is not valid.", "指定されたトークンが有効ではありません。"},
     {"Check that the right token was copied, or make a new one with `yagura siem-agent regenerate-token NAME`.",
      "正しいトークンをコピーしたか確認するか、`yagura siem-agent regenerate-token NAME` で新しいトークンを生成してください。"}},
    {"SA-23",
     {"Invalid proxy address", "無効なプロキシ アドレス"},
     {"The proxy address that was given is not valid.", "指定されたプロキシ アドレスが有効ではありません。"},
     {"Check proxy and port: --proxy ADDRESS[:PORT].", "プロキシとポートを確認してください: --proxy ADDRESS[:PORT]。"}},
    {"SA-24",
     {"Internal error", "内部エラー"},
     {"Something unknown went wrong in the agent.", "エージェントで不明なエラーが発生しました。"},
     {"Read the newest trace log; make a support bundle with `yagura support bundle` and contact support.",
      "最新のトレース ログを確認し、`yagura support bundle` でサポート バンドルを作成してサポートに連絡してください。"}},
    {"SA-25",
     {"Data server send error", "データ サーバー送信エラー"},
     {"The agent works with a syslog server over TCP and could not send to it. It takes no new activities until that is mended.",
      "エージェントは TCP で Syslog サーバーを使用していますが、送信できませんでした。修正されるまで新しいアクティビティの取得を停止します。"},
     {"1. Check that the syslog server is defined right: edit the agent, server name and port. 2. Check connectivity: no firewall may block it. "
      "Repeat until the error stops.",
      "1. Syslog サーバーが正しく定義されていることを確認します (エージェントのサーバー名とポートを編集)。2. 接続を確認します (ファイアウォールでブロックされていないこと)。"
      "エラーが止まるまで繰り返してください。"}},
    {"SA-26",
     {"Data server connection error", "データ サーバー接続エラー"},
     {"The agent works with a syslog server over TCP and could not connect to it. It takes no new activities until that is mended.",
      "エージェントは TCP で Syslog サーバーを使用していますが、接続できませんでした。修正されるまで新しいアクティビティの取得を停止します。"},
     {"1. Check that the syslog server is defined right: edit the agent, server name and port. 2. Check connectivity: no firewall may block it. "
      "Repeat until the error stops.",
      "1. Syslog サーバーが正しく定義されていることを確認します (エージェントのサーバー名とポートを編集)。2. 接続を確認します (ファイアウォールでブロックされていないこと)。"
      "エラーが止まるまで繰り返してください。"}},
    {"SA-27",
     {"SIEM agent error", "SIEM エージェント エラー"},
     {"The agent has been disconnected for hours; how many is said with the notification.", "エージェントが数時間切断されています。時間数は通知に示されます。"},
     {"Check that nobody has changed the agent's configuration here; else check connectivity between this server and the agent's computer.",
      "このサーバーで SIEM 構成が変更されていないことを確認します。変更されていない場合は、サーバーとエージェントのコンピューター間の接続を確認してください。"}},
    {"SA-28",
     {"SIEM agent notification error", "SIEM エージェント通知エラー"},
     {"The agent reports that it cannot forward: the connection between agent and SIEM server fails in TLS or is refused.",
      "エージェントから転送エラーを受信しました。エージェントと SIEM サーバー間の接続に問題があります。"},
     {"Check the firewall on server and agent host, and that the server's address has not changed. For TLS, `yagura cert doctor HOST:PORT` names "
      "what is missing.",
      "サーバーとエージェント ホストのファイアウォール、およびサーバーの IP アドレスが変更されていないことを確認します。TLS の場合は `yagura cert doctor HOST:PORT` で不足している証明書を確認できます。"}},
}};

const Explanation& explanation(std::string_view code) {
  return *std::ranges::find(kExplanations, code, &Explanation::code);
}

}  // namespace

std::string_view to_string(SiemAgentStatus status) {
  switch (status) {
    case SiemAgentStatus::created: return "Created";
    case SiemAgentStatus::connected: return "Connected";
    case SiemAgentStatus::connection_error: return "Connection error";
    case SiemAgentStatus::disconnected: return "Disconnected";
    case SiemAgentStatus::disabled: return "Disabled";
    case SiemAgentStatus::completed: return "Completed";
  }
  return "";
}

SiemAgentStatus status_of(const control::SiemAgent& agent, std::int64_t now_ticks) {
  if (agent.completed_ticks) return SiemAgentStatus::completed;
  if (!agent.enabled) return SiemAgentStatus::disabled;
  if (!agent.last_seen_ticks) return SiemAgentStatus::created;
  const std::int64_t gone = now_ticks - *agent.last_seen_ticks;
  if (gone > kDisconnectedAfter) return SiemAgentStatus::disconnected;
  if (gone >= kErrorAfter) return SiemAgentStatus::connection_error;
  return SiemAgentStatus::connected;
}

std::span<const Explanation> siem_agent_explanations() { return kExplanations; }

const Explanation* find_explanation(std::string_view word) {
  const auto found = std::ranges::find_if(
      kExplanations, [&](const Explanation& one) { return equal_ignoring_ascii_case(one.code, word) || equal_ignoring_ascii_case(one.title.english, word); });
  return found == kExplanations.end() ? nullptr : &*found;
}

std::vector<SiemAgentNotification> notifications_of(const control::SiemAgent& agent, std::int64_t now_ticks) {
  std::vector<SiemAgentNotification> found;
  const auto status = status_of(agent, now_ticks);
  if (status == SiemAgentStatus::completed || status == SiemAgentStatus::disabled) return found;
  if (status == SiemAgentStatus::disconnected)
    found.push_back({&explanation("SA-27"),
                     fmt::format("disconnected for more than {} hours: nothing was sent from {} on", (now_ticks - *agent.last_seen_ticks) / kHour,
                                 format_datetime(*agent.last_seen_ticks)),
                     *agent.last_seen_ticks});
  if (agent.trouble.empty()) return found;
  const std::string_view code = agent.trouble == "send" ? "SA-25" : agent.trouble == "connect" ? "SA-26" : agent.trouble == "notification" ? "SA-28" : "SA-24";
  const std::int64_t since = agent.trouble_since_ticks.value_or(now_ticks);
  found.push_back({&explanation(code), fmt::format("{} (from {} to now; delivery goes on by itself once it is mended)", agent.trouble_detail, format_datetime(since)), since});
  return found;
}

}  // namespace yagura::fleet
