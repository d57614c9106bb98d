#include "kql/stages/reduce_operator.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "base/text.hpp"

namespace yagura::kql {

namespace {

struct Word {
  std::string_view separator;  // what stands before it
  std::string_view text;
};

class ReduceOperatorAtWork final : public LocalOperator {
 public:
  ReduceOperatorAtWork(ReduceSettings settings, std::vector<PlanColumn> passing) : settings_(std::move(settings)), passing_(std::move(passing)) {}

  Result<event::TableBatch> run(const StageInputs& inputs, StageContext& context) const override {
    const event::TableBatch& rows = *inputs.at(0);
    const auto& texts = rows.column(0).texts();
    const double least = settings_.threshold * static_cast<double>(texts.size());
    const auto frequent = [&](std::uint64_t count) { return count >= 2 && static_cast<double>(count) > least; };

    // First pass: words at positions.
    std::unordered_map<std::string, std::uint64_t> words;
    std::vector<Word> parts;
    std::string_view rest;
    std::string key;
    for (const auto text : texts) {
      split(text, parts, rest);
      TRY(context.work(parts.size() + 1));
      for (std::size_t i = 0; i < parts.size(); ++i) ++words[key_of(i, parts[i].text, key)];
    }
    // Second: patterns of the rows.
    struct Group {
      std::uint64_t count = 0;
      std::string_view first;
    };
    std::map<std::string, Group> groups;
    std::vector<std::map<std::string, Group>::const_iterator> of_row;
    of_row.reserve(texts.size());
    for (const auto text : texts) {
      split(text, parts, rest);
      TRY(context.work(parts.size() + 1));
      std::string pattern;
      bool any = false, star = false;
      for (std::size_t i = 0; i < parts.size(); ++i) {
        const bool kept = !is_number(parts[i].text) && frequent(words[key_of(i, parts[i].text, key)]);
        any = any || kept;
        if (kept) {
          pattern += star ? trailing(parts[i].separator) : parts[i].separator;
          pattern += parts[i].text;
        } else if (!star) {
          pattern += leading(parts[i].separator);
          pattern += '*';
        }
        star = !kept;
      }
      pattern += star ? trailing(rest) : rest;
      const auto [it, added] = groups.try_emplace(any || parts.empty() ? std::move(pattern) : std::string());
      if (it->second.count++ == 0) it->second.first = text;
      of_row.push_back(it);
    }
    const auto is_group = [&](const auto& it) { return !it->first.empty() && frequent(it->second.count); };
    return settings_.source ? with_patterns(rows, of_row, is_group) : of_groups(groups, is_group, texts.size());
  }

 private:
  bool separates(char c) const {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x80 && !is_ascii_alpha(c) && !is_ascii_digit(c)) || settings_.separators.find(c) != std::string::npos;
  }

  void split(std::string_view text, std::vector<Word>& out, std::string_view& rest) const {
    out.clear();
    std::size_t at = 0;
    while (true) {
      const std::size_t separator = at;
      while (at < text.size() && separates(text[at])) ++at;
      const std::size_t begin = at;
      while (at < text.size() && !separates(text[at])) ++at;
      if (begin == at) {
        rest = text.substr(separator);
        return;
      }
      out.push_back({text.substr(separator, begin - separator), text.substr(begin, at - begin)});
    }
  }

  // A letter that was named as a separator belongs to what it separates: foo*, not fooZ*.
  bool is_plain(char c) const { return !is_ascii_alpha(c) && !is_ascii_digit(c); }
  std::string_view leading(std::string_view separator) const {
    while (!separator.empty() && !is_plain(separator.back())) separator.remove_suffix(1);
    return separator;
  }
  std::string_view trailing(std::string_view separator) const {
    while (!separator.empty() && !is_plain(separator.front())) separator.remove_prefix(1);
    return separator;
  }

  static bool is_number(std::string_view word) { return std::ranges::all_of(word, is_ascii_digit); }

  static const std::string& key_of(std::size_t position, std::string_view word, std::string& key) {
    key = std::to_string(position);
    key += ':';
    key += word;
    return key;
  }

  template <class Groups, class IsGroup>
  static Result<event::TableBatch> of_groups(const Groups& groups, const IsGroup& is_group, std::size_t rows) {
    std::vector<typename Groups::const_iterator> kept;
    std::uint64_t others = rows;
    for (auto it = groups.begin(); it != groups.end(); ++it) {
      if (!is_group(it)) continue;
      kept.push_back(it);
      others -= it->second.count;
    }
    std::ranges::stable_sort(kept, [](const auto& a, const auto& b) { return a->second.count > b->second.count; });
    event::TableBatch out("", {{"Pattern", Type::string, ""}, {"Count", Type::int64, ""}, {"Representative", Type::string, ""}});
    for (const auto& it : kept) {
      out.column(0).append_text(out.arena().copy(it->first));
      out.column(1).append_int64(static_cast<std::int64_t>(it->second.count));
      out.column(2).append_text(it->second.first);
    }
    if (others > 0) {
      out.column(0).append_text("others");
      out.column(1).append_int64(static_cast<std::int64_t>(others));
      out.column(2).append_text("");
    }
    return out;
  }

  template <class OfRow, class IsGroup>
  Result<event::TableBatch> with_patterns(const event::TableBatch& rows, const OfRow& of_row, const IsGroup& is_group) const {
    event::TableBatch out;
    for (std::size_t i = 0; i < passing_.size(); ++i) {
      event::Column copy(rows.column(i + 1).type());
      copy.append_all(rows.column(i + 1));
      out.add_column({passing_[i].name, copy.type(), ""}, std::move(copy));
    }
    std::uint64_t others = 0;
    for (const auto& it : of_row) others += is_group(it) ? 0 : 1;
    event::Column pattern(Type::string), count(Type::int64), first(Type::string);
    for (const auto& it : of_row) {
      const bool group = is_group(it);
      pattern.append_text(group ? out.arena().copy(it->first) : "others");
      count.append_int64(static_cast<std::int64_t>(group ? it->second.count : others));
      first.append_text(group ? it->second.first : "");
    }
    out.add_column({"Pattern", Type::string, ""}, std::move(pattern));
    out.add_column({"Count", Type::int64, ""}, std::move(count));
    out.add_column({"Representative", Type::string, ""}, std::move(first));
    return out;
  }

  const ReduceSettings settings_;
  const std::vector<PlanColumn> passing_;
};

}  // namespace

std::shared_ptr<const LocalOperator> make_reduce_operator(ReduceSettings settings, std::vector<PlanColumn> passing) {
  return std::make_shared<ReduceOperatorAtWork>(std::move(settings), std::move(passing));
}

}  // namespace yagura::kql
