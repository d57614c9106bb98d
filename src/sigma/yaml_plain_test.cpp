#include "sigma/yaml_plain.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.hpp"
#include "base/text.hpp"

namespace yagura::sigma {
namespace {

void describe(std::string& out, const YamlNode& node) {
  out += fmt::format("{}:{} {}{}'{}'", node.place.line, node.place.column, static_cast<int>(node.kind),
                     node.quoted ? "q" : "", node.text);
  for (const auto& item : node.items) describe(out += "\n- ", item);
  for (const auto& [key, value] : node.entries) {
    describe(out += "\nk ", key);
    describe(out += "\nv ", value);
  }
}
std::string described(const YamlNode& node) {
  std::string out;
  describe(out, node);
  return out;
}

// Whether it was read; then it must be what the library reads.
bool reads(std::string_view text) {
  const auto plain = parse_plain_yaml(text);
  if (!plain) return false;
  const auto library = parse_yaml_by_library(text);
  EXPECT_FALSE(library.error) << text << "\n" << library.error->message;
  EXPECT_EQ(library.documents.size(), 1U) << text;
  if (library.documents.size() == 1) EXPECT_EQ(described(*plain), described(library.documents[0])) << text;
  return true;
}

constexpr std::string_view kRule =
    "title: A rule: no\n";
constexpr std::string_view kWhole =
    "# a comment\n"
    "title: Some rule\n"
    "id: 0b4ae027-2a2d-4b93-8c7e-962caaba5b2a   # behind it\n"
    "description: |\n"
    "    Two lines, # no comment\n"
    "\n"
    "      and one indented\n"
    "\n"
    "author: J\xC3\xB6rg (a), 'b' \"c\"\n"
    "date: 2021-01-02\n"
    "level: ~\n"
    "references:\n"
    "- https://a.example/x#y\n"
    "- 'it''s quoted'\n"
    "tags:\n"
    "    - attack.t1059.001\n"
    "\n"
    "    # between\n"
    "    - \"double: yes\"   # behind\n"
    "detection:\n"
    "    selection:\n"
    "        CommandLine|contains|all:\n"
    "            - ' -enc '\n"
    "            - '\\\\server\\'\n"
    "            - -5\n"
    "        Image|endswith: '\\x.exe'\n"
    "    list:\n"
    "        - a: 1\n"
    "          b|re: (x|y)$\n"
    "        -   c:\n"
    "              - 2\n"
    "    keywords:\n"
    "        -\n"
    "          d: e\n"
    "    condition: 1 of selection* and not list\n"
    "falsepositives:\n"
    "    - Unknown\n";

TEST(YamlPlain, ReadsWhatRulesAreWrittenIn) { EXPECT_TRUE(reads(kWhole)); }

TEST(YamlPlain, LeavesTheRestToTheLibrary) {
  for (const std::string_view text : std::initializer_list<std::string_view>{
           "", "a", "a\n", "a:\n", "a: b: c\n", kRule, "a: [b]\n", "a: {b: c}\n", "a: &x b\n", "a: *x\n", "a: !t b\n",
           "a: b\n  c\n", "a: 'b\n  c'\n", "a: \"\\n\"\n", "a: >\n  b\n", "a: |-\n  b\n", "a: |\n\n  b\n", "---\na: b\n",
           "a: b\na: c\n", "a:\tb\n", "a: b\r\n", "? a\n: b\n", "a: b\n...\n", "- a\n", "a:\n  - - b\n", "a: 'b' c\n",
           "a: 'b'#c\n", "a:\n  b: c\n d: e\n", "null: a\n", "a: |\n  b", "a: - b\n", "a: @b\n", "'a': b\n", "a: ,b\n",
           "a: %b\n", "a: |\n  b\n c\n", "a: b\n\xE2\x80\xA8""c: d\n", "a\xC3\xA9: b\n", "a:\n  - b\n  c: d\n"})
    EXPECT_FALSE(reads(text)) << text;
}

TEST(YamlPlain, IsTheLibraryForManyMutations) {
  constexpr std::string_view kPieces[] = {" ", "  ", "\n", ":", ": ", "- ", "'", "\"", "#", " #", "|", "a", "\n    ", "\n- ",
                                          "~", "null", "&", "*", "[", "{", "\\", "\n\n", ",", "-", "?", "!", "%", "é", "x: y\n"};
  std::uint32_t state = 7;
  const auto random = [&](std::size_t below) {
    state = state * 1'664'525 + 1'013'904'223;
    return static_cast<std::size_t>(state >> 8) % below;
  };
  std::size_t read = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text(kWhole);
    for (std::size_t k = 0; k <= random(3); ++k) {
      const std::size_t at = random(text.size());
      switch (random(3)) {
        case 0: text.insert(at, kPieces[random(std::size(kPieces))]); break;
        case 1: text.erase(at, 1 + random(4)); break;
        default: text.replace(at, 1, kPieces[random(std::size(kPieces))]);
      }
    }
    read += reads(utf8::repaired(text));
    if (HasFailure()) break;
  }
  EXPECT_GT(read, 5'000U);
}

// All rule files below YAGURA_RULES, when it is set.
TEST(YamlPlain, IsTheLibraryForWholeRepositories) {
  const char* const folder = std::getenv("YAGURA_RULES");
  if (folder == nullptr) GTEST_SKIP() << "YAGURA_RULES is not set";
  std::size_t files = 0, read = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".yml") continue;
    const auto text = read_file(entry.path());
    ASSERT_TRUE(text);
    ++files;
    read += reads(*text);
  }
  RecordProperty("read", static_cast<int>(read));
  std::printf("%zu of %zu files are plain\n", read, files);
  EXPECT_GT(read * 10, files * 9);
}

}  // namespace
}  // namespace yagura::sigma
