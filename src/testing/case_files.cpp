#include "testing/case_files.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/file.hpp"
#include "base/text.hpp"

namespace yagura::testing {

namespace {

constexpr std::string_view kEscapedSuffix = ":escaped";

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    switch (text[++i]) {
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case '0': out += '\0'; break;
      case 'x': {
        out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
        i += 2;
        break;
      }
      default: out += text[i];
    }
  }
  return out;
}

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') out += "\\n";
    else if (c == '\r') out += "\\r";
    else if (c == '\t') out += "\\t";
    else if (c == '\\') out += "\\\\";
    else if (byte < 0x20 || byte == 0x7F) out += fmt::format("\\x{:02x}", byte);
    else out += c;
  }
  return out;
}

void read_case_file(const std::filesystem::path& file, std::vector<Case>& out) {
  const auto text = read_file(file);
  if (!text) {
    ADD_FAILURE() << text.error().message();
    return;
  }
  std::string section;
  std::string body;
  bool in_section = false;
  const auto finish = [&] {
    if (!in_section || out.empty()) return;
    if (!body.empty() && body.back() == '\n') body.pop_back();
    if (section.ends_with(kEscapedSuffix))
      out.back().sections[section.substr(0, section.size() - kEscapedSuffix.size())] = unescape(body);
    else
      out.back().sections[section] = body;
    body.clear();
    in_section = false;
  };
  int number = 0;
  for (const auto line : split(*text, '\n')) {
    ++number;
    if (line.starts_with("=== ")) {
      finish();
      out.push_back({std::string(trim(line.substr(4))), fmt::format("{}:{}", file.string(), number), file, {}});
    } else if (line.starts_with("--- ")) {
      finish();
      section = trim(line.substr(4));
      in_section = true;
    } else if (line.starts_with("### ") || line == "###") {
      continue;
    } else if (in_section) {
      body += line.starts_with("\\--- ") || line.starts_with("\\=== ") || line.starts_with("\\### ") ? line.substr(1) : line;
      body += '\n';
    }
  }
  // split() gives one empty line after the last line feed.
  if (in_section && !body.empty()) body.pop_back();
  finish();
}

void rewrite_section(const Case& c, std::string_view section, std::string_view actual) {
  const auto text = read_file(c.file);
  if (!text) return;
  std::string out;
  std::string current_case;
  bool skipping = false;
  auto lines = split(*text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  for (const auto line : lines) {
    const bool heading = line.starts_with("=== ") || line.starts_with("--- ");
    if (heading) skipping = false;
    if (line.starts_with("=== ")) current_case = trim(line.substr(4));
    if (skipping) {
      if (trim(line).empty() || line.starts_with("###")) continue;
      continue;
    }
    out += line;
    out += '\n';
    if (line.starts_with("--- ") && current_case == c.name) {
      std::string name(trim(line.substr(4)));
      const bool escaped = name.ends_with(kEscapedSuffix);
      if (escaped) name.resize(name.size() - kEscapedSuffix.size());
      if (name != section) continue;
      if (escaped) {
        out += escape(actual);
        out += '\n';
      } else {
        for (const auto text_line : split(actual, '\n')) {
          if (text_line.starts_with("--- ") || text_line.starts_with("=== ") || text_line.starts_with("### ")) out += '\\';
          out += text_line;
          out += '\n';
        }
      }
      skipping = true;
    }
  }
  if (auto written = write_file_atomically(c.file, out, 0644); !written) ADD_FAILURE() << written.error().message();
}

}  // namespace

const std::string& Case::operator[](std::string_view section) const {
  static const std::string empty;
  const auto found = sections.find(section);
  return found == sections.end() ? empty : found->second;
}

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.where << " " << c.name; }

std::filesystem::path project_root() { return YAGURA_PROJECT_ROOT; }

std::vector<Case> read_cases(std::string_view folder) {
  std::vector<Case> cases;
  const auto root = project_root() / "tests" / "cases" / folder;
  std::vector<std::filesystem::path> files;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root, ignored))
    if (entry.path().extension() == ".case") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) read_case_file(file, cases);
  if (cases.empty()) {
    fmt::print(stderr, "no cases below {}\n", root.string());
    std::abort();
  }
  return cases;
}

std::string case_name(const ::testing::TestParamInfo<Case>& info) {
  std::string name = info.param.file.stem().string() + "_" + info.param.name;
  for (char& c : name)
    if (!is_ascii_alpha(c) && !is_ascii_digit(c)) c = '_';
  return name + "_" + std::to_string(info.index);
}

void expect_section(const Case& c, std::string_view section, std::string_view actual) {
  if (c[section] == actual) return;
  if (std::getenv("YAGURA_UPDATE_CASES") != nullptr) {
    rewrite_section(c, section, actual);
    return;
  }
  EXPECT_EQ(actual, c[section]) << c.where;
}

}  // namespace yagura::testing
