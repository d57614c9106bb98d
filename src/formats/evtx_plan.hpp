// Plans: which substitution of a template becomes which field of a Record.
//
// Nearly all records of a log come from a few templates: one around (System), one inside (EventData or UserData). What
// EvtxFieldMaker makes of such a pair depends on the values hardly at all, so it is asked once, with marks in place of
// the values, and what comes out is kept: field after field, each with the place of its value. A record is then its two
// lists of values, decoded. Where the values do matter (arrays, XML inside of XML, text in several pieces), read() says
// no and the record is walked. Both ways give the same Record: evtx_fuzz's law, and evtx_test's.
//
// One thread per object; plans are kept from chunk to chunk, bounded. Private to the EVTX reader.
#pragma once
#include <memory>
#include <unordered_map>
#include <vector>

#include "event/record.hpp"
#include "formats/evtx_binxml.hpp"

namespace yagura::formats {

class EvtxFieldMaker;

class EvtxPlanReader {
 public:
  EvtxPlanReader();
  ~EvtxPlanReader();
  // Before the records of a chunk, and before those that go into another batch.
  void begin_chunk();
  // Appends the record whose fragment is [begin, end) of the chunk. False, and nothing done, when it must be walked.
  bool read(BinXml& xml, std::size_t begin, std::size_t end, event::RecordOrigin origin, std::uint64_t written,
            event::RecordBatch& out);

 private:
  struct Plan;

  Plan* plan_of(const evtx::Program& outer, std::size_t body, const evtx::Program* inner);
  void make_plan(const evtx::Program& outer, const evtx::Program* inner, Plan& plan);

  std::unordered_map<std::uint64_t, std::unique_ptr<Plan>> plans_;  // by numbers of the two programs
  std::uint64_t last_key_ = 0;
  Plan* last_ = nullptr;
  Arena literals_;  // of all plans
  std::uint32_t chunk_ = 0;
  std::vector<evtx::Substitution> outer_values_, inner_values_;
  std::vector<std::uint32_t> left_out_;  // fields of the record
  std::string identity_;
};

}  // namespace yagura::formats
