// Tree against event. Nodes are places in a WindowsEventView; nothing is built.
#include <algorithm>

#include "base/text.hpp"
#include "formats/xpath_tree.hpp"

namespace yagura::formats {

using namespace xpath;
using event::Value;

namespace {

enum class NodeKind : std::uint8_t {
  event,
  system,
  system_element,
  event_data,
  user_data,
  user_element,
  data,
  attribute
};

enum class Element : std::uint8_t {
  provider,
  event_id,
  version,
  level,
  task,
  opcode,
  keywords,
  time_created,
  event_record_id,
  correlation,
  execution,
  channel,
  computer,
  security,
};
constexpr std::size_t kElements = 14;

struct ElementInfo {
  std::string_view name;
  std::optional<WindowsSystem> text;
  bool is_always_there = false;  // Windows writes it even when it says nothing
};
constexpr std::array<ElementInfo, kElements> kElementInfo{{
    {"Provider", std::nullopt, true},
    {"EventID", WindowsSystem::event_id},
    {"Version", WindowsSystem::version},
    {"Level", WindowsSystem::level},
    {"Task", WindowsSystem::task},
    {"Opcode", WindowsSystem::opcode},
    {"Keywords", WindowsSystem::keywords},
    {"TimeCreated", std::nullopt, true},
    {"EventRecordID", WindowsSystem::event_record_id},
    {"Correlation", std::nullopt, true},
    {"Execution", std::nullopt, true},
    {"Channel", WindowsSystem::channel},
    {"Computer", WindowsSystem::computer},
    {"Security", std::nullopt, true},
}};

struct AttributeInfo {
  Element element;
  std::string_view name;
  WindowsSystem value;
};
constexpr std::array<AttributeInfo, 15> kAttributes{{
    {Element::provider, "Name", WindowsSystem::provider_name},
    {Element::provider, "Guid", WindowsSystem::provider_guid},
    {Element::provider, "EventSourceName", WindowsSystem::provider_event_source_name},
    {Element::event_id, "Qualifiers", WindowsSystem::event_id_qualifiers},
    {Element::time_created, "SystemTime", WindowsSystem::system_time},
    {Element::correlation, "ActivityID", WindowsSystem::correlation_activity_id},
    {Element::correlation, "RelatedActivityID", WindowsSystem::correlation_related_activity_id},
    {Element::execution, "ProcessID", WindowsSystem::execution_process_id},
    {Element::execution, "ThreadID", WindowsSystem::execution_thread_id},
    {Element::execution, "ProcessorID", WindowsSystem::execution_processor_id},
    {Element::execution, "SessionID", WindowsSystem::execution_session_id},
    {Element::execution, "KernelTime", WindowsSystem::execution_kernel_time},
    {Element::execution, "UserTime", WindowsSystem::execution_user_time},
    {Element::execution, "ProcessorTime", WindowsSystem::execution_processor_time},
    {Element::security, "UserID", WindowsSystem::security_user_id},
}};

struct Node {
  NodeKind kind = NodeKind::event;
  Element element = Element::provider;  // of system_element
  std::uint32_t index = 0;              // of data
  Value value;                          // of attribute
};

// `time` values are texts of up to nine fraction digits.
std::optional<std::int64_t> time_of(const Value& value) {
  return value.is_string() ? parse_iso8601(trim(value.as_string())) : std::nullopt;
}

constexpr long double kFileTimeEpochTicks = 116'444'736'000'000'000.0L;  // 1601 to 1970 in 100 ns

class Evaluation {
 public:
  Evaluation(const WindowsEventView& event, EventTime now) : event_(event), now_(now) {}

  bool run(const Step& root) {
    // The root step is the event itself, whose name is Event.
    const Node node;
    if (!passes_without_position(root, node)) return false;
    if (!root.next) return true;
    return any(*root.next, node, [](const Node&) { return true; });
  }

 private:
  // Calls `each` for the nodes that `step` and what follows it choose from `from`, until one says true.
  template <class Each>
  bool any(const Step& step, const Node& from, const Each& each) {
    if (step.is_attribute) return any_attribute(step.name, from, each);
    std::array<std::uint32_t, 9> passed{};  // how many nodes came as far as each predicate
    return children(from, step.name, [&](const Node& node) {
      std::size_t at = 0;
      for (const auto& predicate : step.predicates) {
        ++passed[at];
        const std::uint32_t place = passed[at];
        const bool good =
            predicate.kind == Expression::Kind::position ? place == predicate.position : holds(predicate, node, place);
        if (!good) return false;
        ++at;
      }
      return step.next ? any(*step.next, node, each) : each(node);
    });
  }

  bool passes_without_position(const Step& step, const Node& node) {
    return std::ranges::all_of(step.predicates, [&](const Expression& one) {
      return one.kind == Expression::Kind::position ? one.position == 1 : holds(one, node, 1);
    });
  }

  template <class Each>
  bool children(const Node& from, std::string_view name, const Each& each) {
    const bool all = name == "*";
    switch (from.kind) {
      case NodeKind::event:
        if ((all || name == "System") && each(Node{NodeKind::system, {}, 0, {}})) return true;
        if (event_.body() == WindowsEventView::Body::event_data && (all || name == "EventData"))
          return each(Node{NodeKind::event_data, {}, 0, {}});
        if (event_.body() == WindowsEventView::Body::user_data && (all || name == "UserData"))
          return each(Node{NodeKind::user_data, {}, 0, {}});
        return false;
      case NodeKind::system:
        for (std::size_t i = 0; i < kElements; ++i) {
          const auto& info = kElementInfo[i];
          if (!all && info.name != name) continue;
          if (!info.is_always_there && event_.system(*info.text) == nullptr) continue;
          if (each(Node{NodeKind::system_element, static_cast<Element>(i), 0, {}})) return true;
        }
        return false;
      case NodeKind::event_data: {
        const auto data = event_.data();
        for (std::size_t i = 0; i < data.size(); ++i)
          if ((all || name == (data[i].name == "Binary" ? "Binary" : "Data")) &&
              each(Node{NodeKind::data, {}, static_cast<std::uint32_t>(i), {}}))
            return true;
        return false;
      }
      case NodeKind::user_data:
        // Not every shipper says the element's name.
        if (all || event_.user_element().empty() || name == event_.user_element())
          return each(Node{NodeKind::user_element, {}, 0, {}});
        return false;
      case NodeKind::user_element: {
        const auto data = event_.data();
        for (std::size_t i = 0; i < data.size(); ++i)
          if ((all || name == data[i].name) && each(Node{NodeKind::data, {}, static_cast<std::uint32_t>(i), {}}))
            return true;
        return false;
      }
      default: return false;
    }
  }

  template <class Each>
  bool any_attribute(std::string_view name, const Node& from, const Each& each) {
    const bool all = name == "*";
    if (from.kind == NodeKind::system_element) {
      for (const auto& attribute : kAttributes) {
        if (attribute.element != from.element || (!all && attribute.name != name)) continue;
        const Value* value = event_.system(attribute.value);
        if (value != nullptr && each(Node{NodeKind::attribute, {}, 0, *value})) return true;
      }
      return false;
    }
    if (from.kind != NodeKind::data) return false;
    const auto& data = event_.data()[from.index];
    if (event_.body() == WindowsEventView::Body::event_data) {
      if (data.name.empty() || data.name == "Binary" || (!all && name != "Name")) return false;
      return each(Node{NodeKind::attribute, {}, 0, Value::string(data.name)});
    }
    // Attributes of UserData's elements stand as Element_Attribute.
    for (const auto& other : event_.data())
      if (other.name.size() > data.name.size() + 1 && other.name.starts_with(data.name) &&
          other.name[data.name.size()] == '_' && (all || other.name.substr(data.name.size() + 1) == name) &&
          each(Node{NodeKind::attribute, {}, 0, other.value}))
        return true;
    return false;
  }

  // The value of a node that has one.
  std::optional<Value> value_of(const Node& node) {
    switch (node.kind) {
      case NodeKind::attribute: return node.value;
      case NodeKind::data: return event_.data()[node.index].value;
      case NodeKind::system_element: {
        const auto& info = kElementInfo[static_cast<std::size_t>(node.element)];
        if (!info.text) return std::nullopt;
        const Value* value = event_.system(*info.text);
        return value == nullptr ? std::nullopt : std::optional(*value);
      }
      default: return std::nullopt;  // Windows makes no text of a node that has children
    }
  }

  bool holds(const Expression& expression, const Node& context, std::uint32_t place) {
    switch (expression.kind) {
      case Expression::Kind::all:
        return std::ranges::all_of(expression.parts, [&](const auto& part) { return holds(part, context, place); });
      case Expression::Kind::any:
        return std::ranges::any_of(expression.parts, [&](const auto& part) { return holds(part, context, place); });
      case Expression::Kind::exists: return any(*expression.path, context, [](const Node&) { return true; });
      case Expression::Kind::position: return place == expression.position;
      case Expression::Kind::band:
        return any(*expression.path, context, [&](const Node& node) {
          const auto value = value_of(node);
          const auto bits = value ? bits_of(*value) : std::nullopt;
          return bits && (*bits & expression.bits) != 0;
        });
      case Expression::Kind::compare: break;
    }
    if (std::holds_alternative<Position>(expression.left)) return numbers(place, expression);
    if (const auto* difference = std::get_if<TimeDifference>(&expression.left))
      return compare_difference(*difference, expression, context);
    return any(*std::get<std::shared_ptr<const Step>>(expression.left), context, [&](const Node& node) {
      const auto value = value_of(node);
      return value && compare(*value, expression, node_is_channel(node));
    });
  }

  static bool node_is_channel(const Node& node) {
    return node.kind == NodeKind::system_element && node.element == Element::channel;
  }

  static std::optional<std::uint64_t> bits_of(const Value& value) {
    if (value.kind() == Value::Kind::int64) return static_cast<std::uint64_t>(value.as_int64());
    const auto text = trim(value.as_string());
    if (const auto negative = parse_int64(text); negative && *negative < 0)
      return static_cast<std::uint64_t>(*negative);
    const auto number = number_of(text);
    if (!number || *number < 0 || *number > 18'446'744'073'709'551'615.0L) return std::nullopt;
    return static_cast<std::uint64_t>(*number);
  }

  static std::optional<long double> number_of_value(const Value& value) {
    switch (value.kind()) {
      case Value::Kind::int64: return static_cast<long double>(value.as_int64());
      case Value::Kind::real: return static_cast<long double>(value.as_real());
      case Value::Kind::boolean: return value.as_boolean() ? 1.0L : 0.0L;
      case Value::Kind::string: return number_of(trim(value.as_string()));
      default: return std::nullopt;
    }
  }

  template <class T>
  static bool ordered(const T& a, const T& b, Comparison comparison) {
    switch (comparison) {
      case Comparison::equal: return a == b;
      case Comparison::not_equal: return a != b;
      case Comparison::less: return a < b;
      case Comparison::less_equal: return a <= b;
      case Comparison::greater: return a > b;
      case Comparison::greater_equal: return a >= b;
    }
    return false;
  }

  static std::optional<long double> constant_of(const Expression& expression) {
    if (const auto* number = std::get_if<Number>(&expression.right)) return number->value;
    return std::get<Literal>(expression.right).number;
  }
  static bool numbers(long double left, const Expression& expression) {
    const auto right = constant_of(expression);
    return right ? ordered(left, *right, expression.comparison) : expression.comparison == Comparison::not_equal;
  }

  bool compare(const Value& value, const Expression& expression, bool is_channel) {
    const bool equality = expression.comparison == Comparison::equal || expression.comparison == Comparison::not_equal;
    const auto* literal = std::get_if<Literal>(&expression.right);
    if (literal == nullptr || !equality) {
      if (const auto left = number_of_value(value); left && constant_of(expression)) return numbers(*left, expression);
      if (literal != nullptr && literal->time)
        if (const auto left = time_of(value)) return ordered(*left, *literal->time, expression.comparison);
      // What is no number differs from every number and is neither less nor greater.
      return literal == nullptr && expression.comparison == Comparison::not_equal;
    }
    bool same;
    if (value.is_string() || value.is_null()) {
      const auto text = value.as_string();
      same = is_channel || (literal->is_guid && text.size() == 38 && text.front() == '{')
                 ? equal_ignoring_ascii_case(text, literal->text)
                 : text == literal->text;
      if (!same && literal->time)
        if (const auto time = time_of(value)) same = *time == *literal->time;
    } else {
      scratch_.clear();
      event::append_text(scratch_, value);
      same = scratch_ == literal->text;
      // Booleans are written 1 and true.
      if (!same && value.kind() == Value::Kind::boolean) same = literal->text == (value.as_boolean() ? "1" : "0");
    }
    return same == (expression.comparison == Comparison::equal);
  }

  bool compare_difference(const TimeDifference& difference, const Expression& expression, const Node& context) {
    const auto ticks_of_number = [](const Number& number) { return number.value - kFileTimeEpochTicks; };
    const auto& path = difference.first ? difference.first : difference.second;
    return any(*path, context, [&](const Node& node) {
      const auto value = value_of(node);
      const auto time = value ? time_of(*value) : std::nullopt;
      if (!time) return false;
      const auto own = static_cast<long double>(*time);
      long double milliseconds;
      if (difference.first)
        milliseconds = ((difference.number ? ticks_of_number(*difference.number)
                                           : static_cast<long double>(now_.time_since_epoch().count())) -
                        own) /
                       10'000;
      else
        milliseconds = (own - ticks_of_number(*difference.number)) / 10'000;
      return numbers(milliseconds, expression);
    });
  }

  const WindowsEventView& event_;
  EventTime now_;
  std::string scratch_;
};

}  // namespace

bool XPathFilter::matches(const WindowsEventView& event, EventTime now) const {
  return Evaluation(event, now).run(*root_);
}

bool is_channel(std::string_view path, const WindowsEventView& event) {
  return equal_ignoring_ascii_case(path, event.text(WindowsSystem::channel));
}

bool QueryList::matches(const WindowsEventView& event, EventTime now) const {
  const auto chooses = [&](const ChannelQuery& one) {
    return is_channel(one.channel, event) && one.filter.matches(event, now);
  };
  return std::ranges::any_of(queries, [&](const Query& query) {
    return std::ranges::any_of(query.select, chooses) && std::ranges::none_of(query.suppress, chooses);
  });
}

}  // namespace yagura::formats
