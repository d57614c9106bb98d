// yagura evidence show | verify | head: the raw bytes of an event, and proof that they are unchanged.
#include "journal/evidence.hpp"

#include <algorithm>
#include <ostream>

#include "base/encoding.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "journal/reader.hpp"
#include "journal/recovery.hpp"
#include "journal/verify.hpp"

namespace yagura::cli {

namespace {

struct EvidenceOptions {
  std::string data = "data";
  std::string id;
  std::string keys;
  std::string anchor;
  bool raw = false;
  bool json = false;
};

std::filesystem::path journal_of(const EvidenceOptions& options) {
  return std::filesystem::path(options.data) / "journal";
}

Result<journal::PublicKeys> keys_of(const EvidenceOptions& options) {
  if (options.keys.empty()) return journal::PublicKeys();
  return journal::PublicKeys::load(options.keys);
}

std::string format_time(ReceiveTime time) { return format_datetime(time.time_since_epoch().count()); }

// Foreign bytes must not drive the terminal: everything but printable text is escaped; --raw gives the bytes.
void print_escaped(std::string_view payload, std::ostream& out) {
  for (std::size_t at = 0; at < payload.size();) {
    const std::size_t start = at;
    const char32_t point = utf8::next(payload, at);
    const auto byte = static_cast<unsigned char>(payload[start]);
    if (point < 0x20 || point == 0x7F || (point >= 0x80 && point < 0xA0) || (point == U'\uFFFD' && at == start + 1))
      out << fmt::format("\\x{:02x}", byte);
    else
      out << payload.substr(start, at - start);
  }
  out << '\n';
}

void write_json(const journal::EntryProof& proof, std::ostream& out) {
  const journal::Entry& entry = *proof.found.entry;
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.key("itemId").text(to_string(journal::item_id_of(entry)));
  json.key("position").number(entry.position.number());
  json.key("source").text(entry.source());
  json.key("peer").text(entry.peer());
  json.key("format").text(entry.hint());
  json.key("receivedAt").text(format_time(entry.received_at));
  json.key("size").number(static_cast<std::uint64_t>(entry.payload.size()));
  json.key("sha256").text(to_hex(as_text(proof.payload_digest)));
  json.key("base64").text(to_base64(entry.payload));
  json.key("proof").begin_object();
  json.key("proven").boolean(proof.proven());
  json.key("chainHolds").boolean(proof.chain_holds);
  json.key("doubt").text(proof.doubt);
  json.key("file").text(proof.file.string());
  json.key("offset").number(proof.offset);
  json.key("end").number(proof.end);
  if (proof.chain_holds) {
    json.key("chainBefore").text(to_hex(as_text(proof.chain_before)));
    json.key("chain").text(to_hex(as_text(proof.chain)));
  }
  if (proof.signed_by) {
    json.key("head").text(to_text(*proof.signed_by));
    json.key("headFile").text(proof.signed_in.string());
  }
  json.key("keysFromFolder").boolean(proof.keys_from_folder);
  json.key("keys").begin_array();
  for (const std::string& key : proof.key_fingerprints) json.text(key);
  json.end_array();
  json.end_object();
  json.end_object();
  out << text << '\n';
}

// For a shell: plain names as they are.
std::string shell_quoted(std::string_view path) {
  constexpr std::string_view plain = "/._-+,=:@%";
  if (std::ranges::all_of(path,
                          [&](char c) { return std::isalnum(static_cast<unsigned char>(c)) || plain.contains(c); }))
    return std::string(path);
  std::string text = "'";
  for (const char c : path) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

// How somebody who does not trust this program checks the same with common tools; docs/formats/journal.md says why.
void print_recipe(const journal::EntryProof& proof, const EvidenceOptions& options, std::ostream& out) {
  const std::string keys =
      shell_quoted(options.keys.empty() ? (journal_of(options) / journal::kPublicKeyFile).string() : options.keys);
  out << "\nTo check it without this program (bash, coreutils, xxd, openssl; the bytes are described in "
         "docs/formats/journal.md):\n";
  out << fmt::format(
      "  # 1. the block's hash, which must be {}\n"
      "  (printf {} | xxd -r -p; tail -c +{} {f} | head -c 52; tail -c +{} {f} | head -c {}) | sha256sum\n",
      to_hex(as_text(proof.chain)), to_hex(as_text(proof.chain_before)), proof.offset + 1, proof.offset + 89,
      proof.end - proof.offset - 88, fmt::arg("f", shell_quoted(proof.file.string())));
  if (proof.signed_by) {
    const std::string head = to_text(*proof.signed_by);
    const auto colon = head.rfind(':');
    out << fmt::format(
        "  # 2. the signature of the head\n"
        "  printf {} > head.txt; printf {} | xxd -r -p > head.sig\n"
        "  openssl pkeyutl -verify -pubin -inkey {} -rawin -in head.txt -sigfile head.sig\n",
        head.substr(0, colon), to_hex(proof.signed_by->signature), keys);
  }
  out << fmt::format(
      "  # 3. that both are links of one chain, and the entry's own hash: a short script, to be read before it is "
      "trusted\n"
      "  python3 docs/formats/check_journal.py {} --keys {} --position {}\n",
      shell_quoted(journal_of(options).string()), keys, proof.found.entry->position.number());
}

void print_proof(const journal::EntryProof& proof, const EvidenceOptions& options, std::ostream& out) {
  out << fmt::format("block     bytes {} to {} of {}\n", proof.offset, proof.end - 1, proof.file.string());
  if (!proof.chain_holds) {
    out << fmt::format("proof     NONE: {}\n", proof.doubt);
    return;
  }
  out << fmt::format("hash      {}\nbefore    {}\n", to_hex(as_text(proof.chain)), to_hex(as_text(proof.chain_before)));
  if (!proof.signed_by) {
    out << fmt::format("proof     none yet: {}\n", proof.doubt);
  } else {
    out << fmt::format("signed    {} for positions up to {}, in {}\nhead      {}\n",
                       format_time(proof.signed_by->signed_at), proof.signed_by->position.number(),
                       proof.signed_in.string(), to_text(*proof.signed_by));
    for (const std::string& key : proof.key_fingerprints)
      out << fmt::format(
          "key       {}{}\n", key,
          proof.keys_from_folder ? " (found beside the journal: compare it with the one you wrote down)" : "");
    out << "proof     holds: unchanged since it was received, from this block's hash along the chain to that "
           "signature\n";
  }
  print_recipe(proof, options, out);
}

// A wrong --data would otherwise be told as a missing key file.
Result<> check_folder(const EvidenceOptions& options) {
  std::error_code error;
  if (std::filesystem::is_directory(journal_of(options), error)) return {};
  return fail(ErrorKind::not_found, "there is no journal in the data folder {}{}; say which with --data", options.data,
              error && error != std::errc::no_such_file_or_directory ? " (" + error.message() + ")" : "");
}

Result<ExitCode> show(const EvidenceOptions& options, Console& console) {
  TRY(check_folder(options));
  if (options.raw) {
    const auto reader = TRY(journal::Reader::open(journal_of(options)));
    console.out << TRY(journal::find_entry(*reader, options.id), "looking for event {}", options.id)->payload;
    return ExitCode::done;
  }
  const auto proof = TRY(journal::prove_entry(journal_of(options), options.id, TRY(keys_of(options))),
                         "looking for event {}", options.id);
  // What is only not signed yet is no finding.
  const ExitCode code = proof.chain_holds ? ExitCode::done : ExitCode::findings;
  if (options.json) {
    write_json(proof, console.out);
    return code;
  }
  const journal::Entry& entry = *proof.found.entry;
  print_escaped(entry.payload, console.out);
  console.out << fmt::format(
      "\nitem      {}\nposition  {}\nsource    {}\npeer      {}\nformat    {}\nreceived  {}\nsize      {} "
      "bytes\nsha256    {}\n",
      to_string(journal::item_id_of(entry)), entry.position.number(), entry.source(),
      entry.peer().empty() ? "-" : entry.peer(), entry.hint(), format_time(entry.received_at), entry.payload.size(),
      to_hex(as_text(proof.payload_digest)));
  print_proof(proof, options, console.out);
  return code;
}

// The line alone goes to stdout, so that it can be kept: yagura evidence head | ssh other-host 'cat >> heads'
Result<ExitCode> head(const EvidenceOptions& options, Console& console) {
  TRY(check_folder(options));
  const auto folder = journal_of(options);
  const auto found = TRY(journal::read_head_file(folder));
  if (!found) return fail(ErrorKind::not_found, "{} has no signed head yet: nothing was received", folder.string());
  auto keys = TRY(keys_of(options));
  if (keys.empty())
    keys = TRY(journal::PublicKeys::load(folder / journal::kPublicKeyFile), "reading the journal's public keys");
  const bool good = journal::signature_holds(*found, keys);
  if (options.json) {
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    json.key("head").text(to_text(*found));
    json.key("journal").text(to_string(found->journal));
    json.key("position").number(found->position.number());
    json.key("chain").text(to_hex(as_text(found->chain)));
    json.key("signedAt").text(format_time(found->signed_at));
    json.key("signatureHolds").boolean(good);
    json.end_object();
    console.out << text << '\n';
  } else {
    console.out << to_text(*found) << '\n';
    console.err << fmt::format(
        "signed {} for everything up to position {}; keep the line on another machine or on paper\n"
        "later: yagura evidence verify --anchor 'yagura-head:...' proves that nothing up to there was "
        "changed or cut off\n",
        format_time(found->signed_at), found->position.number());
  }
  if (good) return ExitCode::done;
  console.err
      << "the signature of this head was made by none of the known keys: do not keep it, run yagura evidence verify\n";
  return ExitCode::findings;
}

Result<ExitCode> verify(const EvidenceOptions& options, Console& console) {
  TRY(check_folder(options));
  journal::VerifyOptions what;
  what.keys = TRY(keys_of(options));
  if (!options.anchor.empty()) what.anchor = TRY(journal::parse_head(options.anchor), "reading the anchored head");
  if (console.err_is_terminal) {
    what.progress = [&](Bytes done, Bytes total) {
      console.err << fmt::format("\r{} of {} ", to_string(done), to_string(total)) << std::flush;
    };
  }
  const auto report = TRY(journal::verify(journal_of(options), what));
  if (console.err_is_terminal) console.err << "\r\x1b[K";
  if (!options.json) {
    console.out << journal::to_text(report);
    return report.intact() ? ExitCode::done : ExitCode::findings;
  }
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.key("intact").boolean(report.intact());
  json.key("segments")
      .number(report.segments)
      .key("blocks")
      .number(report.blocks)
      .key("entries")
      .number(report.entries);
  json.key("first").number(report.first.number()).key("last").number(report.last.number());
  json.key("signedUntil").number(report.signed_until.number());
  if (report.anchor) json.key("anchorReached").boolean(report.anchor_reached);
  json.key("keysFromFolder").boolean(report.keys_from_folder);
  json.key("faultCount").number(report.fault_count);
  json.key("faults").begin_array();
  for (const auto& fault : report.faults) {
    json.begin_object();
    json.key("kind").text(journal::to_string(fault.kind));
    json.key("file").text(fault.file.string());
    json.key("offset").number(fault.offset);
    json.key("length").number(fault.length);
    json.key("first").number(fault.first.number()).key("last").number(fault.last.number());
    json.key("what").text(fault.what);
    json.end_object();
  }
  json.end_array();
  json.key("notes").begin_array();
  for (const auto& note : report.notes) json.text(note);
  json.end_array();
  json.end_object();
  console.out << text << '\n';
  return report.intact() ? ExitCode::done : ExitCode::findings;
}

}  // namespace

void add_evidence(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<EvidenceOptions>();
  auto* group = app.add_subcommand("evidence", "Show the raw bytes of an event, and prove that they are unchanged");
  group->require_subcommand(1);
  group->footer(
      "Examples:\n  yagura evidence show 00000000-0000-8000-8000-00000000002a\n"
      "  yagura evidence show 42 --raw\n  yagura evidence head | ssh another-host 'cat >> heads'\n"
      "  yagura evidence verify --keys /etc/yagura/journal.pub");

  auto* show_command =
      group->add_subcommand("show", "Print one event as it was received, and the proof that it is unchanged");
  show_command->add_option("id", options->id, "_ItemId of a row, or a journal position")->required();
  show_command->add_option("--data", options->data, "Data folder")->capture_default_str();
  show_command->add_option("--keys", options->keys,
                           "Public keys (PEM) kept elsewhere; default: those beside the journal, which proves less");
  show_command->add_flag("--raw", options->raw, "The bytes alone, unescaped");
  show_command->add_flag("--json", options->json, "As JSON, the bytes in base64");
  show_command->callback([=, &chosen] { chosen = [=](Console& console) { return show(*options, console); }; });

  auto* head_command = group->add_subcommand("head", "Print the newest signed head, to keep it elsewhere as an anchor");
  head_command->add_option("--data", options->data, "Data folder")->capture_default_str();
  head_command->add_option("--keys", options->keys, "Public keys (PEM) kept elsewhere");
  head_command->add_flag("--json", options->json, "As JSON, with the head's parts");
  head_command->callback([=, &chosen] { chosen = [=](Console& console) { return head(*options, console); }; });

  auto* verify_command =
      group->add_subcommand("verify", "Check checksums, hash chain and signatures of the whole journal");
  verify_command->add_option("--data", options->data, "Data folder")->capture_default_str();
  verify_command->add_option("--keys", options->keys,
                             "Public keys (PEM) kept elsewhere; default: those beside the journal, which proves less");
  verify_command->add_option("--anchor", options->anchor,
                             "A signed head kept elsewhere (yagura-head:...): proves that the tail was not cut");
  verify_command->add_flag("--json", options->json, "The report as JSON");
  verify_command->callback([=, &chosen] { chosen = [=](Console& console) { return verify(*options, console); }; });
}

}  // namespace yagura::cli
