// Finds where JSON values end in text that comes piece by piece, without reading them: values one after another, on a
// line each or over many lines, the elements of an array, and those of {"Records": [...]} and its like.
//
// What is not JSON is passed over to the next line and counted. One thread.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace yagura {

struct JsonPiece {
  std::size_t at = 0, size = 0;  // in the text
};

class JsonCutter {
 public:
  enum class Wrappers { open, keep };  // keep: {"Records": [...]} is one value
  explicit JsonCutter(Wrappers wrappers = Wrappers::open) : open_(wrappers == Wrappers::open) {}
  // Appends the whole values of `text`, which begins where the last call's `consumed` ended, and sets it to how many
  // bytes are done with. With `ends` there is no more text; a value that is cut off is given too.
  void cut(std::string_view text, bool ends, std::vector<JsonPiece>& values, std::size_t& consumed);

 private:
  std::size_t value_end(std::string_view text, std::size_t at);
  bool opens_wrapper(std::string_view text, std::size_t at, std::size_t& inside, bool& undecided) const;

  const bool open_;
  int wrappers_ = 0;        // arrays, and objects around arrays, that are open
  bool in_object_ = false;  // the array stands in an object whose other members are to be passed over
  bool passing_ = false;    // behind that array, until its object ends
  // Of the value that was not whole in the last text: where the scan stopped.
  std::size_t scanned_ = 0;
  int depth_ = 0;
  bool in_string_ = false;
};

}  // namespace yagura
