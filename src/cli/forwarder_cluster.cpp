// yagura forwarder cluster init | token | join | list | leave | remove: hosts whose forwarders are managed as one.
#include <istream>
#include <iterator>
#include <ostream>

#include "base/file.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "cli/forwarder.hpp"
#include "cluster/peer.hpp"
#include "net/address.hpp"

namespace yagura::cli {

namespace {

constexpr std::chrono::milliseconds kAnswer = 5s;

struct ClusterOptions {
  std::optional<std::filesystem::path> data;
  std::string token_file, peer, fingerprint, listen, address, name;
  bool json = false;
};

forward::AgentFiles files_of(const ClusterOptions& options) { return {options.data.value_or(forward::default_agent_folder())}; }

// The right to change the forwarder is the right to change who shares it. Refusals are audited.
Result<> check_right(const forward::AgentFiles& files, const forward::Requester& who, std::string_view command) {
  auto right = forward::check_administrator(files.data, who, command);
  if (!right) (void)forward::append_audit(files.audit(), who, command, {}, "refused");
  return right;
}

Result<cluster::ThisHost> this_host(const ClusterOptions& options) {
  cluster::ThisHost host{.name = options.name.empty() ? forward::this_host_name() : options.name, .listen = {}, .address = {}, .serial = {}};
  if (!cluster::good_name(host.name))
    return fail(ErrorKind::invalid_input, "'{}' cannot be a host's name: letters, digits, '-', '_' and '.', at most 64 (--name)", utf8::repaired(host.name.substr(0, 100)));
  host.listen = TRY(cluster::parse_endpoint(options.listen), "reading --listen");
  TRY(net::SocketAddress::numeric(host.listen.host, host.listen.port), "reading --listen, which takes a numeric address");
  if (!options.address.empty()) {
    host.address = TRY(cluster::parse_endpoint(options.address), "reading --address");
  } else {
    host.address = host.listen;
    if (host.listen.host == "0.0.0.0" || host.listen.host == "::")
      return fail(ErrorKind::invalid_input, "--address HOST:PORT is needed with --listen {}: where the other hosts reach this one", options.listen);
  }
  return host;
}

Result<> write_token(const std::string& file, const std::string& token) {
  return write_file_atomically(file, token + "\n", 0600);
}

Result<ExitCode> init(const ClusterOptions& options, Console& console) {
  const auto files = files_of(options);
  const auto who = forward::Requester::current();
  TRY(check_right(files, who, "cluster init"));
  const auto host = TRY(this_host(options));
  std::string token;
  {
    const cluster::ActingAsOwner acting(files.data);
    cluster::HostFolder folder(files);
    TRY(folder.create(host));
    token = TRY(folder.make_token());
    TRY(forward::append_audit(files.audit(), who, "cluster init", to_text(host.address), "done"));
  }
  TRY(write_token(options.token_file, token), "keeping the join token (--token-file)");
  console.out << fmt::format("host         {}\naddress      {}\nfingerprint  {}\ntoken file   {}\n", host.name, to_text(host.address),
                             token.substr(token.find('.') + 1), options.token_file);
  console.err << fmt::format(
      "A running agent listens within seconds. The token is good for a day; on each other host:\n"
      "  yagura forwarder cluster join --peer {} --token-file FILE --listen ADDRESS:PORT\n",
      to_text(host.address));
  return ExitCode::done;
}

Result<ExitCode> token(const ClusterOptions& options, Console& console) {
  const auto files = files_of(options);
  const auto who = forward::Requester::current();
  TRY(check_right(files, who, "cluster token"));
  std::string made;
  {
    const cluster::ActingAsOwner acting(files.data);
    made = TRY(cluster::HostFolder(files).make_token());
    TRY(forward::append_audit(files.audit(), who, "cluster token", {}, "done"));
  }
  TRY(write_token(options.token_file, made), "keeping the join token (--token-file)");
  console.err << fmt::format("{} holds a join token, good for a day\n", options.token_file);
  return ExitCode::done;
}

Result<ExitCode> join(const ClusterOptions& options, Console& console) {
  const auto files = files_of(options);
  const auto who = forward::Requester::current();
  TRY(check_right(files, who, "cluster join"));
  const auto host = TRY(this_host(options));
  const auto peer = TRY(cluster::parse_endpoint(options.peer), "reading --peer");
  std::string token;
  if (options.token_file == "-")
    token.assign(std::istreambuf_iterator<char>(console.in), {});
  else
    token = TRY(read_file(options.token_file, 4_KiB), "reading the join token (--token-file)");
  std::error_code made;
  std::filesystem::create_directories(files.data, made);
  if (made) return fail_errno(made.value(), "making the folder " + files.data.string());
  const cluster::ActingAsOwner acting(files.data);
  cluster::HostFolder folder(files);
  auto joined = cluster::join(folder, host, peer, token, options.fingerprint, Deadline::in(30s));
  TRY(forward::append_audit(files.audit(), who, "cluster join", to_text(peer), joined ? "done" : "failed: " + joined.error().message()));
  if (!joined) return std::unexpected(std::move(joined).error());
  console.out << fmt::format("host     {}\naddress  {}\nhosts    {}\n", host.name, to_text(host.address), TRY(folder.members()).living().size());
  console.err << "This host has joined; its forwarder follows the cluster's configuration. Remove the token file.\n";
  return ExitCode::done;
}

Result<ExitCode> list(const ClusterOptions& options, Console& console) {
  const cluster::ActingAsOwner acting(files_of(options).data);
  cluster::HostFolder folder(files_of(options));
  const auto self = TRY(folder.host());
  const auto told = TRY(exchange_with_all(folder, Deadline::in(kAnswer)));
  const auto digest = TRY(folder.global()).first.digest();
  struct Row {
    std::string state, detail;
  };
  const auto row_of = [&](const cluster::Member& member) -> Row {
    if (member.name == self.name) return {"this host", ""};
    for (const auto& one : told)
      if (one.member.name == member.name) {
        if (!one.said) return {"not reached", one.said.error().message()};
        return {one.said->report.drifted ? "drifted" : "there", one.said->report.drift};
      }
    return {"new", ""};
  };
  bool all_there = true;
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("digest").text(digest).key("hosts").begin_array();
  if (!options.json) console.out << fmt::format("{:24} {:28} {:20}  {}\n", "HOST", "ADDRESS", "JOINED", "STATE");
  for (const auto& member : TRY(folder.members()).living()) {
    const auto row = row_of(member);
    all_there = all_there && (row.state == "there" || row.state == "this host");
    if (options.json)
      json.begin_object().key("host").text(member.name).key("address").text(to_text(member.address)).key("joinedAt").text(member.joined_at)
          .key("state").text(row.state).key("detail").text(row.detail).end_object();
    else
      console.out << fmt::format("{:24} {:28} {:20}  {}{}{}\n", member.name, to_text(member.address), member.joined_at, row.state, row.detail.empty() ? "" : ": ", row.detail);
  }
  json.end_array().end_object();
  if (options.json) console.out << out << '\n';
  return all_there ? ExitCode::done : ExitCode::findings;
}

Result<ExitCode> leave(const ClusterOptions& options, Console& console) {
  const auto files = files_of(options);
  const auto who = forward::Requester::current();
  TRY(check_right(files, who, "cluster leave"));
  const cluster::ActingAsOwner acting(files.data);
  cluster::HostFolder folder(files);
  const auto self = TRY(folder.host());
  const auto members = TRY(folder.members());
  const auto others = members.living().size() - (members.living(self.name) != nullptr ? 1 : 0);
  const bool belongs = members.belongs(self.name, self.serial);
  if (belongs && folder.has_authority() && others > 0)
    return fail(ErrorKind::conflict, "this host made the cluster and holds its authority's key: without it nobody can join any more. Let the other {} leave first", others);
  bool told = others == 0;
  if (belongs && others > 0) {
    TRY(folder.remove_member(self.name));
    for (const auto& one : TRY(exchange_with_all(folder, Deadline::in(kAnswer)))) told = told || one.said || one.said.error().kind() == ErrorKind::permission_denied;
  }
  TRY(folder.forget());
  TRY(forward::append_audit(files.audit(), who, "cluster leave", {}, "done"));
  console.err << "This host is on its own; its forwarder goes on as it was configured last.\n";
  if (!told && belongs) console.err << fmt::format("No other host was reached: run 'yagura forwarder cluster remove {}' on one of them.\n", self.name);
  return ExitCode::done;
}

Result<ExitCode> remove(const ClusterOptions& options, Console& console) {
  const auto files = files_of(options);
  const auto who = forward::Requester::current();
  TRY(check_right(files, who, "cluster remove"));
  const cluster::ActingAsOwner acting(files.data);
  cluster::HostFolder folder(files);
  if (options.name == TRY(folder.host()).name) return fail(ErrorKind::invalid_input, "{} is this host: yagura forwarder cluster leave", options.name);
  auto removed = folder.remove_member(options.name);
  TRY(forward::append_audit(files.audit(), who, "cluster remove", options.name, removed ? "done" : "failed: " + removed.error().message()));
  if (!removed) return std::unexpected(std::move(removed).error());
  std::size_t told = 0, others = 0;
  for (const auto& one : TRY(exchange_with_all(folder, Deadline::in(kAnswer)))) ++others, told += one.said ? 1 : 0;
  console.err << fmt::format("{} does not belong to the cluster any more; {} of {} other hosts know, the rest learn it when they are back.\n", options.name, told, others);
  return ExitCode::done;
}

}  // namespace

void add_forwarder_cluster(CLI::App& forwarder, Action& chosen) {
  auto* group = forwarder.add_subcommand("cluster", "Hosts whose forwarders are managed as one, from any of them");
  group->require_subcommand(1);
  group->footer("Example:\n  yagura forwarder cluster init --listen 192.0.2.1:6444 --token-file token          # on the first host\n"
                "  yagura forwarder cluster join --peer 192.0.2.1:6444 --token-file token --listen 192.0.2.2:6444\n  yagura forwarder cluster list");
  const auto add = [&](const char* name, const char* help, auto function) {
    auto options = std::make_shared<ClusterOptions>();
    auto* command = group->add_subcommand(name, help);
    command->add_option("--data", options->data, "The agent's data folder (default: $YAGURA_AGENT_DATA, else /var/lib/yagura-agent)");
    command->callback([options, function, &chosen] { chosen = [options, function](Console& console) { return function(*options, console); }; });
    return std::pair(command, options);
  };
  const auto add_host = [](CLI::App* command, ClusterOptions& options) {
    command->add_option("--listen", options.listen, "ADDRESS:PORT that the agent listens on for the other hosts; numeric")->required();
    command->add_option("--address", options.address, "HOST:PORT where they reach it (default: as --listen)");
    command->add_option("--name", options.name, "This host's name in the cluster (default: the machine's)");
  };
  {
    const auto [command, options] = add("init", "Make a cluster of this host, and a token that others join with", init);
    add_host(command, *options);
    command->add_option("--token-file", options->token_file, "Where the join token is written (0600)")->required();
  }
  {
    const auto [command, options] = add("token", "Another join token, on the host that made the cluster", token);
    command->add_option("--token-file", options->token_file, "Where it is written (0600)")->required();
  }
  {
    const auto [command, options] = add("join", "Join the cluster of another host; its configuration replaces this host's", join);
    command->add_option("--peer", options->peer, "HOST:PORT of the host that made the cluster; its agent must run")->required();
    command->add_option("--token-file", options->token_file, "The join token; '-' for stdin")->required();
    command->add_option("--ca-fingerprint", options->fingerprint, "SHA-256 of the cluster's authority (default: as the token says)");
    add_host(command, *options);
  }
  {
    const auto [command, options] = add("list", "The cluster's hosts, and whether they answer", list);
    command->add_flag("--json", options->json, "Print one JSON object");
  }
  add("leave", "Take this host out of its cluster", leave);
  {
    const auto [command, options] = add("remove", "Take another host out, also one that is gone", remove);
    command->add_option("name", options->name, "Its name, as 'list' shows it")->required();
  }
}

}  // namespace yagura::cli
