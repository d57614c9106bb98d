// yagura rules states | tune | suppress | suppressions | unsuppress: the operator's word about the rules of a server, in its control
// database. A running server takes it over within two seconds; every change is in the audit log.
#include <boost/json.hpp>

#include "base/text.hpp"
#include "base/time.hpp"
#include "cli/rules.hpp"
#include "control/control_db.hpp"

namespace yagura::cli {

namespace {

const control::Actor kActor{.name = "command line"};

Result<std::unique_ptr<control::ControlDb>> open_control(const RulesOptions& options) {
  const auto file = std::filesystem::path(options.data) / "control.db";
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return fail(ErrorKind::not_found, "{} is no server's data folder: there is no control.db; say which with --data", options.data);
  return control::ControlDb::open(file);
}

std::string date(std::int64_t ticks) { return format_datetime(ticks).substr(0, 19) + "Z"; }

Result<ExitCode> states(const RulesOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  for (const auto& state : TRY(control->rule_states().list())) {
    std::string words = state.enabled ? "on" : "off";
    if (state.severity) words += ", severity " + *state.severity;
    if (state.title) words += fmt::format(", title '{}'", *state.title);
    if (!state.exclude.empty()) words += ", leaves alone " + state.exclude;
    if (state.throttle_seconds != 0)
      words += fmt::format(", at most {} alerts in {} s{}{}", state.throttle_most, state.throttle_seconds, state.throttle_by.empty() ? "" : " for each ", state.throttle_by);
    console.out << fmt::format("{}  {}  ({} {}{}{})\n", state.rule_id, words, state.changed_by, date(state.changed_ticks), state.note.empty() ? "" : ": ", state.note);
  }
  return ExitCode::done;
}

Result<ExitCode> tune(const RulesOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  if (options.reset) {
    TRY(control->rule_states().reset(options.rule, kActor));
    console.out << fmt::format("{} is as its file says\n", options.rule);
    return ExitCode::done;
  }
  if (options.enable && options.disable) return fail(ErrorKind::invalid_input, "--enable and --disable contradict each other");
  auto state = TRY(control->rule_states().get(options.rule)).value_or(control::RuleState{.rule_id = options.rule});
  if (options.enable) state.enabled = true;
  if (options.disable) state.enabled = false;
  if (!options.severity.empty()) {
    static constexpr std::array<std::string_view, 5> known = {"Informational", "Low", "Medium", "High", "Critical"};
    const auto word = std::ranges::find_if(known, [&](std::string_view one) { return equal_ignoring_ascii_case(one, options.severity); });
    if (word == known.end()) return fail(ErrorKind::invalid_input, "unknown severity '{}'{}", options.severity, did_you_mean(options.severity, known));
    state.severity = std::string(*word);
  }
  if (!options.title.empty()) state.title = options.title;
  if (!options.exclude.empty()) {
    for (const auto& problem : detect::RuleLibrary::check_exclusion(options.exclude))
      if (problem.severity == sigma::Problem::Severity::error) return fail(ErrorKind::invalid_input, "{}", problem.to_text());
    state.exclude = options.exclude;
  }
  if (options.throttle_seconds != 0) {
    state.throttle_seconds = options.throttle_seconds;
    state.throttle_most = std::max<std::int64_t>(options.throttle_most, 1);
    state.throttle_by = fmt::format("{}", fmt::join(options.by, ","));
  }
  if (!options.reason.empty()) state.note = options.reason;
  TRY(control->rule_states().set(state, kActor));
  console.out << fmt::format("{} is tuned; a running server takes it over within two seconds\n", options.rule);
  return ExitCode::done;
}

Result<ExitCode> suppress(const RulesOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  boost::json::object conditions;
  for (const auto& one : options.where) {
    const auto equals = one.find('=');
    if (equals == std::string::npos || equals == 0) return fail(ErrorKind::invalid_input, "--where '{}': write FIELD=VALUE, such as User=svc_*", one);
    auto& values = conditions[one.substr(0, equals)];
    if (values.is_null()) values = boost::json::array();
    values.as_array().emplace_back(one.substr(equals + 1));
  }
  control::RuleSuppression suppression{.rule_id = options.rule, .conditions = boost::json::serialize(conditions), .reason = options.reason};
  if (options.rule == "*" && conditions.empty()) return fail(ErrorKind::invalid_input, "this would suppress every alert of every rule: give --where");
  TRY(detect::parse_suppressions(0, options.rule, suppression.conditions, {}, {}));
  suppression.expires_ticks = control->now() + std::chrono::duration_cast<Ticks>(TRY(parse_duration(options.duration), "--for")).count();
  const auto made = TRY(control->rule_suppressions().add(std::move(suppression), kActor));
  console.out << fmt::format("suppression {} until {}\n", made.id, date(made.expires_ticks));
  return ExitCode::done;
}

Result<ExitCode> suppressions(const RulesOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  std::string json;
  JsonWriter writer(json);
  writer.begin_array();
  for (const auto& one : TRY(control->rule_suppressions().list(options.all))) {
    const bool active = !one.ended_ticks && one.expires_ticks > control->now();
    if (options.json)
      writer.begin_object().key("id").number(one.id).key("rule_id").text(one.rule_id).key("conditions").raw(one.conditions).key("reason").text(one.reason)
          .key("created").text(date(one.created_ticks)).key("created_by").text(one.created_by).key("expires").text(date(one.expires_ticks)).key("active").boolean(active).end_object();
    else
      console.out << fmt::format("{:>5}  {}  {}  {} {}  by {}: {}\n", one.id, one.rule_id, one.conditions, active ? "until" : "ended",
                                 date(one.ended_ticks.value_or(one.expires_ticks)), one.created_by, one.reason);
  }
  writer.end_array();
  if (options.json) console.out << json << '\n';
  return ExitCode::done;
}

Result<ExitCode> unsuppress(const RulesOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  TRY(control->rule_suppressions().end(options.id, kActor));
  console.out << fmt::format("suppression {} has ended\n", options.id);
  return ExitCode::done;
}

}  // namespace

void add_rule_tuning(CLI::App& group, const std::shared_ptr<RulesOptions>& options, Action& chosen) {
  const auto add = [&](const char* name, const char* what, Result<ExitCode> (*action)(const RulesOptions&, Console&)) {
    auto* command = group.add_subcommand(name, what);
    command->add_option("--data", options->data, "The server's data folder")->capture_default_str();
    command->callback([=, &chosen] { chosen = [=](Console& console) { return action(*options, console); }; });
    return command;
  };
  add("states", "Where operators have changed rules", states);
  auto* tuning = add("tune", "Switch a rule on or off; change its severity, title, exclusions or throttle", tune);
  tuning->add_option("rule", options->rule, "The rule's id")->required();
  tuning->add_flag("--enable", options->enable, "Switch it on");
  tuning->add_flag("--disable", options->disable, "Switch it off");
  tuning->add_option("--severity", options->severity, "Informational, Low, Medium, High or Critical");
  tuning->add_option("--title", options->title, "In place of its own");
  tuning->add_option("--exclude", options->exclude, R"(A Sigma detection to leave alone: '{"User": "backup", "Image|endswith": "\\robocopy.exe"}')");
  tuning->add_option("--throttle", options->throttle_seconds, "Seconds in which it may raise --most alerts; the rest becomes one that counts them")->check(CLI::Range(1, 604'800));
  tuning->add_option("--most", options->throttle_most, "How many")->check(CLI::Range(1, 1'000'000));
  tuning->add_option("--by", options->by, "Fields: so many for each combination of their values")->delimiter(',')->allow_extra_args(false);
  tuning->add_option("--note", options->reason, "Why");
  tuning->add_flag("--reset", options->reset, "Everything as its file says");
  auto* suppressing = add("suppress", "Do not raise alerts of a rule for a while", suppress);
  suppressing->add_option("rule", options->rule, "The rule's id; * for every rule")->required();
  suppressing->add_option("--where", options->where, "FIELD=VALUE with Sigma's wildcards; several must all hold, of one field any")->allow_extra_args(false);
  suppressing->add_option("--for", options->duration, "How long: 8h, 30d")->required();
  suppressing->add_option("--reason", options->reason, "Why")->required();
  auto* listing = add("suppressions", "Which alerts are not wanted, why and until when", suppressions);
  listing->add_flag("--all", options->all, "Those that have ended too");
  listing->add_flag("--json", options->json, "JSON in place of text");
  add("unsuppress", "End a suppression before its time", unsuppress)->add_option("id", options->id, "Its number")->required();
}

}  // namespace yagura::cli
