// The web console's files, packed by web/scripts/pack.mjs and embedded when the program was built after the console.
//
// The pack (all numbers little-endian): "YGCP1\n", u32 count, then per file u16 length and path ("/index.html"), u16
// and content type, u16 and ETag, u8 flags (1: its name holds a hash of its content), and three times (as is, gzip,
// brotli) u32 length, 0 when there is none; then all contents in the same order. At least "as is" or gzip is there.
// Views point into the pack.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/http.hpp"

namespace yagura::serve {

class ConsoleFiles {
 public:
  // What was compiled in; empty when the console was not built.
  static ConsoleFiles embedded();
  // `pack` must outlive the result.
  static Result<ConsoleFiles> parse(std::string_view pack);

  bool empty() const { return files_.empty(); }
  // The file, 304, 404, or index.html for the console's own paths ("/logs"). A page that says how to build the console
  // when it is not in here.
  net::HttpResponse answer(const net::HttpRequest& request) const;

 private:
  struct File {
    std::string_view content_type, etag;
    bool immutable = false;
    std::string_view plain, gzip, brotli;
  };
  net::HttpResponse serve(const File& file, const net::HttpRequest& request) const;
  std::map<std::string_view, File> files_;
};

}  // namespace yagura::serve
