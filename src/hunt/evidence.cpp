#include "hunt/evidence.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <istream>

#include "base/text.hpp"
#include "base/time.hpp"
#include "base/json_cutter.hpp"

namespace yagura::hunt {

namespace {

constexpr std::size_t kBlock = 256 << 10;   // of a piece, if its events are not larger
constexpr std::size_t kLargest = 16 << 20;  // of one event
constexpr std::size_t kLongestLine = 1 << 20;
constexpr std::size_t kMostFiles = 1'000'000;

std::string_view without_mark(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty() && is_ascii_space(text.front())) text.remove_prefix(1);
  return text;
}

bool ends_with_evtx(const EvidenceFile& file) {
  std::string name = to_lower_ascii(file.name);
  for (const std::string_view packed : {".gz", ".zst"})
    if (name.ends_with(packed)) name.resize(name.size() - packed.size());
  return name.ends_with(".evtx");
}

Kind kind_of_bytes(std::string_view first, const EvidenceFile& file) {
  if (first.starts_with(std::string_view("ElfFile\0", 8)) || first.starts_with(std::string_view("ElfChnk\0", 8)))
    return Kind::evtx;
  if (ends_with_evtx(file)) return Kind::evtx;  // its header may be what is damaged
  const auto text = without_mark(first);
  if (text.starts_with('{') || text.starts_with('[')) {
    // "[2024-01-01 ..." and "[core:error]" are lines of text.
    const auto inside = without_mark(text.substr(1));
    if (inside.empty() || inside.starts_with('"') || inside.starts_with('{') || inside.starts_with('}') ||
        inside.starts_with(']'))
      return Kind::json;
  }
  if (text.starts_with("<?xml") || text.starts_with("<Event>") || text.starts_with("<Event ") ||
      text.starts_with("<Events"))
    return Kind::xml;
  if (first.find('\0') != std::string_view::npos) return Kind::unknown;
  return Kind::lines;
}

// The first line is one whole object, and no wrapper of events.
bool is_one_a_line(std::string_view text, bool ends) {
  text = without_mark(text);
  const auto end = text.find('\n');
  if (end == std::string_view::npos && !ends) return false;
  const auto line = trim(text.substr(0, end));
  yagura::JsonCutter cutter;
  std::vector<JsonPiece> values;
  std::size_t consumed = 0;
  cutter.cut(line, true, values, consumed);
  return values.size() == 1 && values[0].at == 0 && values[0].size == line.size() && line.ends_with('}');
}

}  // namespace

// Behind the private name, so that the header need not show the class.
class Evidence::JsonCutter : public yagura::JsonCutter {
 public:
  bool lines = false;
};

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::evtx: return "evtx";
    case Kind::json: return "json";
    case Kind::xml: return "xml";
    case Kind::lines: return "lines";
    case Kind::unknown: break;
  }
  return "unknown";
}

std::vector<EvidenceFile> find_evidence(const std::vector<std::string>& arguments, std::vector<FileProblem>& problems) {
  namespace fs = std::filesystem;
  std::vector<EvidenceFile> files;
  for (const auto& argument : arguments) {
    if (argument == "-") {
      files.push_back({{}, "-", 0});
      continue;
    }
    std::error_code error;
    const fs::path path(argument);
    if (!fs::is_directory(path, error)) {
      if (!fs::exists(path, error)) {
        problems.push_back({argument, "there is no such file", std::nullopt});
        continue;
      }
      const auto size = fs::file_size(path, error);
      files.push_back({path, argument, error ? 0 : size});
      continue;
    }
    std::vector<EvidenceFile> found;
    auto entry = fs::recursive_directory_iterator(path, fs::directory_options::none, error);
    if (error)
      problems.push_back({argument, fmt::format("the folder cannot be read: {}", error.message()), std::nullopt});
    for (; !error && entry != fs::recursive_directory_iterator() && found.size() < kMostFiles; entry.increment(error)) {
      std::error_code ignored;
      if (!entry->is_regular_file(ignored)) continue;
      found.push_back({entry->path(), entry->path().string(), entry->file_size(ignored)});
    }
    if (error && entry != fs::recursive_directory_iterator())
      problems.push_back(
          {argument, fmt::format("part of the folder cannot be read: {}", error.message()), std::nullopt});
    std::ranges::sort(found, {}, &EvidenceFile::name);
    files.insert(files.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
  }
  return files;
}

Evidence::Evidence(std::vector<EvidenceFile> files, std::istream& in)
    : files_(std::move(files)), kinds_(files_.size(), Kind::unknown), in_(in) {
  for (const auto& file : files_) total_ += file.size;
}
Evidence::~Evidence() = default;

Result<> Evidence::open() {
  const auto& file = files_[file_];
  auto source = file.path.empty() ? stream_source(in_) : TRY(open_source(file.path));
  source = TRY(uncompressed(std::move(source)));
  source = TRY(as_utf8(std::move(source)));
  window_ = std::make_unique<SlidingWindow>(std::move(source));
  events_ = 0;
  modified_ticks_ = ReceiveClock::now().time_since_epoch().count();
  struct stat status{};
  if (!file.path.empty() && ::stat(file.path.c_str(), &status) == 0 && S_ISREG(status.st_mode))
    modified_ticks_ = status.st_mtim.tv_sec * kTicksPerSecond + status.st_mtim.tv_nsec / 100;
  TRY(window_->fill(4'096));
  const auto kind = kinds_[file_] = kind_of_bytes(window_->view().substr(0, 4'096), file);
  if (kind == Kind::evtx) {
    finder_ = {};
    finder_.begin(window_->view().substr(0, formats::EvtxChunkFinder::kHeader));
    window_->drop(std::min(window_->view().size(), formats::EvtxChunkFinder::kHeader));
  } else if (kind == Kind::json) {
    TRY(window_->fill(kBlock));
    json_ = std::make_unique<JsonCutter>();
    json_->lines = is_one_a_line(window_->view(), window_->ended());
  } else if (kind == Kind::unknown && !window_->view().empty()) {
    return fail(ErrorKind::not_supported, "this is no log that can be read: neither EVTX nor text");
  }
  return {};
}

std::optional<Piece> Evidence::next() {
  while (file_ < files_.size()) {
    Piece piece;
    piece.file = file_;
    const auto problem = [&](std::string what) {
      piece.problems.push_back({files_[file_].name, std::move(what), std::nullopt});
    };
    bool more = false;
    if (!window_) {
      if (const auto opened = open(); !opened) {
        problem(opened.error().message());
        if (!window_) window_ = std::make_unique<SlidingWindow>(stream_source(in_));
        window_->drop(0);
        kinds_[file_] = Kind::unknown;
      }
    }
    piece.kind = kinds_[file_];
    piece.modified_ticks = modified_ticks_;
    if (piece.kind != Kind::unknown) {
      auto cut_one = cut(piece);
      if (!cut_one)
        problem(cut_one.error().message());
      else
        more = *cut_one;
    }
    piece.number = number_++;
    if (!more) {
      piece.last_of_file = true;
      if (piece.kind == Kind::evtx) {
        if (window_->offset() >= formats::EvtxChunkFinder::kHeader) finder_.finish(window_->offset());
        for (const auto& damage : finder_.damage())
          piece.problems.push_back({files_[file_].name, damage.what, damage.offset});
        if (finder_.is_dirty())
          piece.problems.push_back({files_[file_].name, "copied while Windows was writing to it (dirty)", 120});
      }
      done_ += files_[file_].size != 0 ? files_[file_].size : window_->taken();
      window_.reset();
      json_.reset();
      ++file_;
    }
    return piece;
  }
  return std::nullopt;
}

Result<bool> Evidence::cut(Piece& piece) {
  switch (piece.kind) {
    case Kind::evtx: return cut_evtx(piece);
    case Kind::json: return json_->lines ? cut_lines(piece) : cut_json(piece);
    case Kind::xml: return cut_xml(piece);
    default: return cut_lines(piece);
  }
}

Result<bool> Evidence::cut_evtx(Piece& piece) {
  for (;;) {
    const auto filled = window_->fill(formats::EvtxChunkFinder::kWindow);
    const auto chunk = finder_.next(window_->view(), window_->offset(), window_->ended());
    if (chunk) {
      piece.offset = chunk->offset;
      piece.bytes = window_->view().substr(0, chunk->size);
    }
    const auto consumed = finder_.consumed();
    window_->drop(consumed);
    if (!filled) {
      piece.problems.push_back({files_[file_].name, filled.error().message(), window_->offset()});
      if (!chunk && consumed == 0) return false;
    }
    if (chunk) return true;
    if (consumed == 0) return false;
  }
}

Result<bool> Evidence::cut_lines(Piece& piece) {
  std::size_t wanted = kBlock;
  for (;;) {
    TRY(window_->fill(wanted));
    const auto view = window_->view();
    if (view.empty()) return false;
    std::size_t end = view.size();
    if (!window_->ended() || view.size() > wanted) {
      const auto line = view.substr(0, wanted).rfind('\n');
      if (line != std::string_view::npos) {
        end = line + 1;
      } else if (wanted < kLongestLine) {
        wanted *= 2;
        continue;
      } else {
        end = std::min(view.size(), wanted);
        piece.problems.push_back(
            {files_[file_].name, fmt::format("a line of more than {} bytes was cut", kLongestLine), window_->offset()});
      }
    }
    piece.offset = window_->offset();
    piece.bytes = view.substr(0, end);
    window_->drop(end);
    return true;
  }
}

Result<bool> Evidence::cut_xml(Piece& piece) {
  std::size_t wanted = kBlock;
  for (;;) {
    TRY(window_->fill(wanted));
    const auto view = window_->view().substr(0, wanted);
    if (view.empty()) return false;
    const bool is_all = window_->ended() && view.size() == window_->view().size();
    const auto last = view.rfind("</Event>");
    std::size_t end = last == std::string_view::npos ? view.size() : last + 8;
    if (last == std::string_view::npos && !is_all) {
      if (wanted < kLargest) {
        wanted *= 2;
        continue;
      }
      piece.problems.push_back(
          {files_[file_].name, fmt::format("no event ends within {} bytes", kLargest), window_->offset()});
    } else if (is_all && last != std::string_view::npos && view.substr(end).find("<Event ") != std::string_view::npos) {
      piece.problems.push_back({files_[file_].name, "the last event is cut off", window_->offset() + end});
    }
    piece.offset = window_->offset();
    piece.bytes = view.substr(0, end);
    piece.first_event = events_;
    window_->drop(end);
    if (last == std::string_view::npos && is_all) return false;
    return true;
  }
}

Result<bool> Evidence::cut_json(Piece& piece) {
  std::size_t wanted = kBlock;
  for (;;) {
    TRY(window_->fill(wanted));
    const auto view = window_->view();
    if (view.empty()) return false;
    std::vector<JsonPiece> values;
    std::size_t consumed = 0;
    json_->cut(view, window_->ended(), values, consumed);
    if (values.empty() && consumed == 0 && !window_->ended()) {
      if (wanted < kLargest) {
        wanted *= 2;
        continue;
      }
      return fail(ErrorKind::exhausted, "a JSON value of more than {} bytes at byte {}", kLargest, window_->offset());
    }
    piece.offset = window_->offset();
    piece.whole_values = true;
    for (const auto& value : values) {
      // The worker finds them again by their sizes, so that a piece owns nothing but bytes.
      const auto size = static_cast<std::uint32_t>(value.size);
      piece.bytes.append(reinterpret_cast<const char*>(&size), sizeof size);
      piece.bytes.append(view.substr(value.at, value.size));
    }
    window_->drop(consumed);
    if (values.empty()) {
      if (window_->ended() && consumed == 0) return false;
      continue;
    }
    return true;
  }
}

}  // namespace yagura::hunt
