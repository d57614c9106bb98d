// The bytes of an input file, uncompressed whatever it is packed in: plain, gzip, zstd, bzip2 or xz (told by their
// magic), UTF-16 with a byte order mark as UTF-8.
#pragma once
#include <filesystem>
#include <memory>

#include "base/result.hpp"
#include "hunt/byte_source.hpp"

namespace yagura::files {

Result<std::unique_ptr<hunt::ByteSource>> open_text(const std::filesystem::path& path);
// What is inside of bzip2 or xz, else the source itself.
Result<std::unique_ptr<hunt::ByteSource>> unpacked(std::unique_ptr<hunt::ByteSource> source);

}  // namespace yagura::files
