// Laws: no file crashes or hangs the reader; both ways of reading give the same number of records; the XML of each is
// well-formed enough to have as many end tags as start tags; plans give the very records that walking gives.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "formats/evtx.hpp"

using namespace yagura;
using namespace yagura::formats;

namespace {

void expect_same(const event::RecordBatch& planned, const event::RecordBatch& walked) {
  bool same = planned.size() == walked.size();
  for (std::size_t i = 0; same && i < planned.size(); ++i)
    same = event::to_text(planned[i]) == event::to_text(walked[i]) && planned[i].item_id() == walked[i].item_id();
  if (same) return;
  std::fprintf(stderr, "law broken: plans give %zu records, walking %zu, or others\n", planned.size(), walked.size());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  // The header page is of no interest: the input is what follows it.
  std::string file(4'096, '\0');
  std::memcpy(file.data(), "ElfFile\0", 8);
  file.append(reinterpret_cast<const char*>(data), size);
  const EvtxFile evtx(file);
  EvtxChunkReader reader;
  for (const auto& chunk : evtx.chunks()) {
    std::vector<EvtxDamage> damage;
    event::RecordBatch batch;
    reader.read(evtx, chunk, {}, batch, damage);
    std::size_t records = 0;
    reader.visit(
        evtx, chunk,
        [&](const EvtxElement& event) {
          ++records;
          (void)evtx_xml(event);
          (void)evtx_json(event);
        },
        damage);
    const std::size_t good = batch.size();
    event::RecordBatch walked;
    reader.read(evtx, chunk, {.walk_each = true}, walked, damage);
    expect_same(batch, walked);
    std::vector<std::uint64_t> numbers;
    reader.read(file, 0, {}, batch, damage);  // not a chunk at all
    batch.clear();
    reader.read(file.substr(chunk.offset, chunk.size), chunk.offset, {.with_slack = true, .record_numbers = &numbers},
                batch, damage);
    if (batch.size() < good || numbers.size() != batch.size()) {
      std::fprintf(stderr, "law broken: %zu records and %zu with slack\n", good, batch.size());
      std::abort();
    }
    batch.clear();
    reader.read(evtx, chunk, {}, batch, damage);
    // A record without any element has a tree of nothing, and no fields.
    if (records > batch.size()) {
      std::fprintf(stderr, "law broken: %zu trees of %zu records\n", records, batch.size());
      std::abort();
    }
  }
  return 0;
}
