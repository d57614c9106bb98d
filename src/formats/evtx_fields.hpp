// The fields of a Windows event, made from its binary XML as it is read. Private to the EVTX reader;
// docs/formats/evtx.md.
//
// System: an element's text under its name, its attributes as Element_Attribute. EventData: <Data Name="X"> as X,
// unnamed ones as the list Data. UserData: every leaf under its own name. What the body says wins over System, but for
// the fields that say which event it is.
#pragma once
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/record.hpp"
#include "formats/evtx_binxml.hpp"

namespace yagura::formats {

class EvtxFieldMaker : public BinXmlSink {
 public:
  void begin(Arena& arena);
  void begin_element(std::string_view name) override;
  void attribute(std::string_view name, const event::Value& value) override;
  void text(const event::Value& value) override;
  void end_element() override;
  // Appends the record; `written` is the FILETIME of the record's header, for events that say no time.
  void finish(event::RecordOrigin origin, std::uint64_t written, event::RecordBatch& out);

 private:
  enum class Section : std::uint8_t { none, system, event_data, user_data, other };
  struct Element {
    std::string_view name;
    std::string_view field;  // of <Data>: its Name
    bool has_children = false;
    bool has_text = false;
    event::Value value;
  };
  struct Named {
    event::FieldId id;
    std::string_view name;
    event::Value value;
    Section section;
  };
  struct Name {
    event::FieldId id;
    std::string_view name;  // interned
  };

  Name name_of(std::string_view text);
  Name joined_name(std::string_view element, std::string_view attribute);
  void add(const Name& name, const event::Value& value);

  Arena* arena_ = nullptr;
  Section section_ = Section::none;
  std::vector<Element> open_;
  std::vector<Named> fields_;
  std::string scratch_;
};

}  // namespace yagura::formats
