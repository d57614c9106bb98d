#include "journal/segment_writer.hpp"

#include "base/log.hpp"

namespace yagura::journal {

Result<SegmentWriter> SegmentWriter::create(Storage& storage, const std::filesystem::path& folder,
                                            const SegmentHeader& header) {
  SegmentWriter segment(storage, folder);
  segment.first_ = header.first;
  segment.tag_ = segment_tag(header.tag_seed, header.first);
  segment.path_ = folder / segment_file_name(header.first);
  auto fd = storage.create(segment.path_);
  std::error_code error;
  if (!fd && std::filesystem::exists(segment.path_, error)) {
    // No durable segment can have the position of an entry that is not durable yet: this is what a failed try
    // left behind.
    TRY(storage.remove(segment.path_));
    fd = storage.create(segment.path_);
  }
  if (!fd) return std::unexpected(std::move(fd).error());
  segment.fd_ = std::move(*fd);
  const std::string bytes = encode(header);
  if (auto written = storage.write_at(segment.fd_.get(), bytes, 0); !written) {
    segment.abandon();
    return std::unexpected(std::move(written).error());
  }
  segment.written_ = {header.number, bytes.size(), chain_after_header(header.previous_chain, bytes),
                      header.previous_last};
  return segment;
}

Result<BlockPlace> SegmentWriter::write(BlockHeader header, std::string_view stored) {
  header.tag = tag_;
  const std::string bytes = encode_block(header, stored, written_.chain);
  auto written = storage_->write_at(fd_.get(), bytes, written_.size);
  if (!written) {
    // Part of the block may be in the file. The next try writes over it, but a crash until then should find whole
    // blocks only.
    if (auto cut = storage_->truncate(fd_.get(), written_.size); !cut) good_ = false;
    return std::unexpected(std::move(written).error());
  }
  const BlockPlace place{first_, written_.size, written_.size + bytes.size()};
  written_.size = place.end;
  written_.chain = header.chain;
  if (header.kind == BlockKind::entries) written_.last = header.last();
  return place;
}

Result<> SegmentWriter::sync() {
  auto synced = storage_->sync_data(fd_.get());
  if (synced && !folder_synced_) synced = storage_->sync_folder(folder_);
  if (!synced) {
    good_ = false;
    return synced;
  }
  folder_synced_ = true;
  synced_ = written_;
  return {};
}

void SegmentWriter::abandon() {
  good_ = false;
  if (!fd_) return;
  // Best effort: the next segment's header says where this one ends, so bytes behind that are not read.
  if (auto cut = storage_->truncate(fd_.get(), synced_.size); !cut)
    log_warning("journal", "cannot cut {} to its last durable byte {}: {}", path_.string(), synced_.size,
                cut.error().message());
  fd_.reset();
  if (synced_.size == 0)
    if (auto removed = storage_->remove(path_); !removed) log_warning("journal", "{}", removed.error().message());
}

}  // namespace yagura::journal
