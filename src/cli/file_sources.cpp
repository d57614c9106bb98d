#include "cli/file_sources.hpp"

#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <istream>

#include "base/file.hpp"
#include "base/text.hpp"

namespace yagura::cli {

namespace fs = std::filesystem;

namespace {

bool is_table_name(std::string_view name) {
  if (name.empty() || is_ascii_digit(name.front())) return false;
  return std::ranges::all_of(name, [](char c) { return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_'; });
}

// "/var/log/app-1.jsonl.gz" -> "app_1"
std::string table_of(const std::string& path) {
  std::string name = fs::path(path).filename().string();
  name = name.substr(0, name.find('.', 1));
  for (char& c : name)
    if (!is_ascii_alpha(c) && !is_ascii_digit(c)) c = '_';
  if (name.empty() || is_ascii_digit(name.front())) name.insert(0, "_");
  return name;
}

Result<std::vector<fs::path>> expand(const std::string& pattern) {
  std::error_code error;
  if (fs::exists(pattern, error)) {
    if (!fs::is_directory(pattern, error)) return std::vector<fs::path>{pattern};
    std::vector<fs::path> files;
    for (fs::directory_iterator at(pattern, error), end; !error && at != end; at.increment(error)) {
      std::error_code ignored;
      if (at->is_regular_file(ignored) && !at->path().filename().string().starts_with('.')) files.push_back(at->path());
    }
    std::ranges::sort(files);
    if (files.empty()) return fail(ErrorKind::not_found, "the folder {} holds no file", pattern);
    return files;
  }
  glob_t found{};
  const int code = ::glob(pattern.c_str(), GLOB_BRACE | GLOB_TILDE, nullptr, &found);
  std::vector<fs::path> files;
  if (code == 0)
    for (std::size_t i = 0; i < found.gl_pathc; ++i)
      if (fs::is_regular_file(found.gl_pathv[i], error)) files.emplace_back(found.gl_pathv[i]);
  ::globfree(&found);
  if (files.empty()) return fail(ErrorKind::not_found, "there is no file {}", pattern);
  return files;
}

}  // namespace

void add_file_options(CLI::App& command, FileSourceOptions& options) {
  command
      .add_option("--from", options.from,
                  "TABLE=FILE: read the table from a file (again for more files or tables); a glob, a folder, or - for "
                  "standard input")
      ->type_name("TABLE=FILE");
  command
      .add_option("--schema", options.schemas,
                  "TABLE=name:type,...: types of columns of a file, in place of what its values look like")
      ->type_name("TABLE=COLUMNS");
  command.add_option("--input-format", options.format,
                     "json, csv, tsv, syslog, evtx or parquet; default: what each file looks like");
  command.add_option("--memory", options.memory, "For the engine, with --from")->capture_default_str();
  command.add_option("--temporary", options.temporary,
                     "Folder for the engine's files, with --from; default: TMPDIR or /tmp");
  command.add_flag("--skip-bad-lines", options.skip_bad_lines,
                   "With --from: count lines that cannot be read instead of stopping");
}

Result<fs::path> FileSources::spool(std::istream& in, const std::string& folder) {
  if (!spooled_.empty()) return fail(ErrorKind::invalid_input, "standard input can be one table's only");
  std::error_code error;
  const fs::path base = folder.empty() ? fs::temp_directory_path(error) : fs::path(folder);
  std::string name = (base / "yagura-stdin-XXXXXX").string();
  const FileDescriptor file(::mkstemp(name.data()));
  if (file.get() < 0) return fail(ErrorKind::permission_denied, "cannot make a temporary file in {}", base.string());
  spooled_ = name;
  std::vector<char> buffer(1 << 20);
  while (in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    for (std::streamsize at = 0; at < in.gcount();) {
      const auto written = ::write(file.get(), buffer.data() + at, static_cast<std::size_t>(in.gcount() - at));
      if (written <= 0) return fail(ErrorKind::exhausted, "cannot keep standard input in {}: is the disk full?", name);
      at += written;
    }
  }
  return spooled_;
}

FileSources::~FileSources() {
  std::error_code ignored;
  if (!spooled_.empty()) fs::remove(spooled_, ignored);
}

Result<std::unique_ptr<FileSources>> FileSources::open(const FileSourceOptions& options, std::istream& in) {
  std::unique_ptr<FileSources> out(new FileSources());
  std::optional<files::FileKind> kind;
  if (!options.format.empty()) {
    kind = files::parse_file_kind(options.format);
    constexpr std::array<std::string_view, 7> known{"json", "csv", "tsv", "syslog", "evtx", "xml", "parquet"};
    if (!kind)
      return fail(ErrorKind::invalid_input,
                  "unknown --input-format '{}'; expected json, csv, tsv, syslog, evtx or parquet{}", options.format,
                  did_you_mean(options.format, known));
  }
  for (const auto& text : options.from) {
    const auto equals = text.find('=');
    const bool named = equals != std::string::npos && is_table_name(std::string_view(text).substr(0, equals));
    const std::string file = named ? text.substr(equals + 1) : text;
    if (file.empty() || (file == "-" && !named))
      return fail(ErrorKind::invalid_input, "--from '{}' names no {}; expected TABLE=FILE", text,
                  file.empty() ? "file" : "table");
    const std::string name = named ? text.substr(0, equals) : table_of(file);
    auto paths = file == "-" ? std::vector<fs::path>{TRY(out->spool(in, options.temporary))} : TRY(expand(file));
    auto table = std::ranges::find(out->tables_, name, &files::FileTableOptions::name);
    if (table == out->tables_.end()) {
      files::FileTableOptions made;
      made.name = name;
      made.kind = kind;
      made.skip_bad_lines = options.skip_bad_lines;
      out->tables_.push_back(std::move(made));
      table = out->tables_.end() - 1;
    }
    table->paths.insert(table->paths.end(), paths.begin(), paths.end());
  }
  for (const auto& text : options.schemas) {
    const auto equals = text.find('=');
    const std::string name = equals == std::string::npos ? "" : text.substr(0, equals);
    const auto table = std::ranges::find(out->tables_, name, &files::FileTableOptions::name);
    if (table == out->tables_.end()) {
      std::vector<std::string_view> known;
      for (const auto& other : out->tables_) known.push_back(other.name);
      return fail(ErrorKind::invalid_input, "--schema '{}': no --from is called '{}'; expected TABLE=name:type,...{}",
                  text, name, did_you_mean(name, known));
    }
    for (auto& column : TRY(files::parse_columns(std::string_view(text).substr(equals + 1)), "reading --schema"))
      table->columns.push_back(std::move(column));
  }
  return out;
}

}  // namespace yagura::cli
