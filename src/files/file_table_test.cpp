#include "files/file_table.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "files/type_guess.hpp"

namespace yagura::files {
namespace {

class FileTables : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("yagura-files-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path file(const std::string& name, std::string_view content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return folder_ / name;
  }

  // "a:long b:string\n1|x\n", or the error without the folder.
  std::string text(FileTableOptions options) {
    options.name = "T";
    auto table = FileTable::open(std::move(options));
    std::string out;
    Result<> read = table ? Result<>{} : Result<>(std::unexpected(table.error()));
    if (table) {
      for (const auto& c : (*table)->schema().columns) out += (out.empty() ? "" : " ") + c.name + ":" + std::string(event::to_string(c.type));
      read = (*table)->read([&](event::TableBatch&& rows) -> Result<> {
        for (std::size_t row = 0; row < rows.row_count(); ++row) {
          out += '\n';
          for (const auto& wanted : (*table)->schema().columns) {
            if (&wanted != (*table)->schema().columns.data()) out += '|';
            if (const auto c = rows.find(wanted.name)) event::append_cell_text(out, rows.column(*c), row);
          }
        }
        return {};
      });
      for (const auto& note : (*table)->notes()) out += "\nNOTE " + note;
    }
    if (read) return out;
    std::string message = "FAILED " + read.error().message();
    for (auto at = message.find(folder_.string()); at != std::string::npos; at = message.find(folder_.string())) message.erase(at, folder_.string().size() + 1);
    return message;
  }
  std::string text(const std::string& name, std::string_view content) { return text({.paths = {file(name, content)}}); }

  std::filesystem::path folder_;
};

TEST_F(FileTables, JsonGetsTheTypesOfAllItsValues) {
  EXPECT_EQ(text("a.jsonl", R"({"a":1,"b":"x","t":"2026-11-22T10:00:00Z"}
{"a":2.5,"c":{"k":[1,2]}}

{"a":null,"b":""})"),
            "a:real b:string t:datetime c:dynamic\n1|x|2026-11-22T10:00:00.0000000Z|\n2.5|||{\"k\":[1,2]}\n|||");
  EXPECT_EQ(text("b.json", R"([{"x":true},{"x":false,"y":18446744073709551615}])"), "x:bool y:dynamic\ntrue|\nfalse|18446744073709551615");
  EXPECT_EQ(text("c.json", R"({"Records":[{"n":1},{"n":2}]})"), "n:long\n1\n2");
  EXPECT_EQ(text("d.json", R"({"n":1} {"n":"x"})"), "n:dynamic\n1\n\"x\"");
}

TEST_F(FileTables, AMistakeNamesFileAndLine) {
  EXPECT_EQ(text("bad.jsonl", "{\"a\":1}\n{\"a\":}\n").substr(0, 18), "FAILED bad.jsonl:2");
  FileTableOptions options{.paths = {file("bad2.jsonl", "{\"a\":1}\nrubbish\n{\"a\":3}\n")}};
  options.kind = FileKind::json;
  options.skip_bad_lines = true;
  const std::string skipped = text(std::move(options));
  EXPECT_TRUE(skipped.starts_with("a:long\n1\n3\nNOTE ")) << skipped;
}

TEST_F(FileTables, CsvIsRfc4180) {
  EXPECT_EQ(text("a.csv", "id,name,zip,when\r\n1,\"a, \"\"b\"\"\nc\",007,2026-01-02\r\n2,,12\r\n"),
            "id:long name:string zip:string when:datetime\n1|a, \"b\"\nc|007|2026-01-02T00:00:00.0000000Z\n2||12|");
  EXPECT_EQ(text("a.tsv", "a\tb\n1.5\ttrue\n-2\tfalse\n"), "a:real b:bool\n1.5|true\n-2|false");
  EXPECT_EQ(text("bom.csv", "\xEF\xBB\xBF" "a\n1\n"), "a:long\n1");
}

TEST_F(FileTables, GivenTypesStand) {
  FileTableOptions options{.paths = {file("a.csv", "id,n\n1,2\nx,y\n")}};
  options.columns = *parse_columns("id:string, n:long");
  const std::string given = text(std::move(options));
  EXPECT_TRUE(given.starts_with("id:string n:long\n1|2\nx|")) << given;
  EXPECT_FALSE(parse_columns("id"));
  EXPECT_FALSE(parse_columns("id:number"));
}

TEST_F(FileTables, UtfSixteenIsRead) {
  EXPECT_EQ(text("u.csv", std::string_view("\xFF\xFE" "a\0\n\0\x6B\x6A\n\0", 10)), "a:string\n橫");
}

TEST_F(FileTables, TheBytesSayWhatAFileIs) {
  EXPECT_EQ(kind_of_file(file("x", "PAR1....")), FileKind::parquet);
  EXPECT_EQ(kind_of_file(file("x.log", std::string_view("ElfFile\0....", 12))), FileKind::windows);
  EXPECT_EQ(kind_of_file(file("y", "<Event xmlns='...'>")), FileKind::windows);
  EXPECT_EQ(kind_of_file(file("z", "  [ {} ]")), FileKind::json);
  EXPECT_EQ(kind_of_file(file("w", "<34>Oct 11 22:14:15 host su: x")), FileKind::syslog);
  EXPECT_FALSE(kind_of_file(file("p.parquet", "no")));
  EXPECT_FALSE(kind_of_file(folder_ / "none"));
}

TEST_F(FileTables, FilesOfOneTableAreOfOneKind) {
  const std::string mixed = text({.paths = {file("1.csv", "a\n1\n"), file("2.json", "{\"a\":1}")}});
  EXPECT_EQ(mixed, "FAILED 1.csv is csv, 2.json is json: one table needs files of one kind; say which with --input-format");
  EXPECT_EQ(text({.paths = {file("1.json", "{\"a\":1}"), file("2.json", "{\"b\":\"x\"}")}}), "a:long b:string\n1|\n|x");
}

TEST_F(FileTables, DamagedPackingIsAnError) {
  EXPECT_TRUE(text("a.jsonl.gz", "\x1f\x8b\x08 rubbish").starts_with("FAILED"));
  EXPECT_TRUE(text("a.zst", std::string_view("\x28\xb5\x2f\xfd\x00", 5)).starts_with("FAILED"));
}

TEST(TypeGuess, LooksAtWholeTexts) {
  EXPECT_TRUE(file_time("2026-11-22T10:00:00Z"));
  EXPECT_TRUE(file_time("2026-11-22 10:00:00.5+09:00"));
  EXPECT_TRUE(file_time("2026-11-22"));
  EXPECT_FALSE(file_time("2026-11-22T10:00:00Z and more"));
  EXPECT_FALSE(file_time("10:00"));
  EXPECT_TRUE(is_plain_integer("-12"));
  EXPECT_FALSE(is_plain_integer("007"));
  EXPECT_FALSE(is_plain_integer("+1"));
  EXPECT_TRUE(is_plain_real("1.5e3"));
  EXPECT_FALSE(is_plain_real("1.5.2"));
}

}  // namespace
}  // namespace yagura::files
