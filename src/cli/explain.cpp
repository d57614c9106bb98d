// yagura explain: what an error's code or words mean, and what helps.
#include <ostream>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "fleet/siem_agent_status.hpp"

namespace yagura::cli {

namespace {

struct ExplainOptions {
  std::string word;
  std::string language = "en";
  bool as_json = false;
};

Result<ExitCode> explain(const ExplainOptions& options, Console& console) {
  if (options.language != "en" && options.language != "ja") return fail(ErrorKind::invalid_input, "unknown language '{}'; expected en or ja", options.language);
  const bool japanese = options.language == "ja";
  const auto in = [&](const fleet::BothTongues& text) { return japanese ? text.japanese : text.english; };
  if (options.word.empty()) {
    for (const auto& one : fleet::siem_agent_explanations()) console.out << fmt::format("{:8} {}\n", one.code, in(one.title));
    return ExitCode::done;
  }
  const auto* found = fleet::find_explanation(options.word);
  if (found == nullptr) {
    std::vector<std::string_view> known;
    for (const auto& one : fleet::siem_agent_explanations()) known.insert(known.end(), {one.code, one.title.english});
    const auto near = nearest_word(options.word, known);
    return fail(ErrorKind::not_found, "nothing is known of '{}'{}; `yagura explain` lists the codes", options.word.substr(0, 80), near ? fmt::format("; did you mean '{}'?", *near) : "");
  }
  if (options.as_json) {
    std::string out;
    JsonWriter writer(out);
    writer.begin_object().key("code").text(found->code).key("title").text(in(found->title)).key("cause").text(in(found->cause)).key("resolution").text(in(found->resolution)).end_object();
    console.out << out << '\n';
    return ExitCode::done;
  }
  console.out << fmt::format("{} {}\n\n{}\n  {}\n\n{}\n  {}\n", found->code, in(found->title), japanese ? "原因" : "Cause", in(found->cause), japanese ? "解決方法" : "Resolution",
                             in(found->resolution));
  return ExitCode::done;
}

}  // namespace

void add_explain(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<ExplainOptions>();
  auto* command = app.add_subcommand("explain", "What an error's code or words mean, and what helps");
  command->add_option("word", options->word, "A code such as SA-25, or a notification's title; none lists all");
  command->add_option("--language", options->language, "en or ja")->capture_default_str();
  command->add_flag("--json", options->as_json, "JSON");
  command->footer("Examples:\n  yagura explain SA-25\n  yagura explain 'Data server send error' --language ja");
  command->callback([=, &chosen] { chosen = [=](Console& console) { return explain(*options, console); }; });
}

}  // namespace yagura::cli
