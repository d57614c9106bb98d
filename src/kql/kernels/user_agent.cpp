// parse_user_agent(): browser, operating system and device that a User-Agent header names.
// https://learn.microsoft.com/kusto/query/parse-user-agent-function
//
// An own, small set of patterns for what is common in logs: browsers, their engines in applications, crawlers, tools; desktop and mobile
// systems; makers of telephones. The first pattern that fits counts, so the special stands before the general. Names are those
// which the usual parsers give. RE2 takes time linear in the text, of which 2048 bytes are read.
#include <re2/re2.h>

#include <memory>
#include <vector>

#include "base/text.hpp"
#include "kql/kernels/conversion.hpp"
#include "kql/kernels/json.hpp"
#include "kql/kernels/kernel.hpp"

namespace yagura::kql {
namespace {

constexpr std::size_t kMaxText = 2048;

// $1 to $4 of the pattern are version parts unless said otherwise; a family with $1 takes it from the text, and versions follow.
struct Pattern {
  const char* expression;
  const char* family;
};

constexpr Pattern kBrowsers[] = {
    {R"((?i)(Googlebot|bingbot|AhrefsBot|SemrushBot|DotBot|MJ12bot|YandexBot|Baiduspider|DuckDuckBot|Applebot|PetalBot|facebookexternalhit|Twitterbot|Slackbot|LinkedInBot|GPTBot|ClaudeBot|CCBot|Bytespider|Amazonbot)(?:[/ ]v?(\d+)(?:\.(\d+))?(?:\.(\d+))?)?)", "$1"},
    {R"((curl|Wget|python-requests|Python-urllib|aiohttp|python-httpx|Go-http-client|okhttp|axios|node-fetch|PostmanRuntime|libwww-perl|Java|Apache-HttpClient|Ruby|GuzzleHttp|insomnia|HeadlessChrome|PhantomJS|sqlmap|Nikto|masscan|zgrab|Nmap Scripting Engine|Nessus|AdobeAIR|CFNetwork|WindowsPowerShell|PowerShell)/(\d+)(?:\.(\d+))?(?:\.(\d+))?)", "$1"},
    {R"(Series60/\d.+?Safari/|SymbianOS.+Series60)", "Nokia OSS Browser"},
    {R"(OPR/(\d+)\.(\d+)(?:\.(\d+))?.*Mobile|Mobile.*OPR/(\d+)\.(\d+)(?:\.(\d+))?)", "Opera Mobile"},
    {R"(Opera Mini(?:/att)?/?(\d+)?(?:\.(\d+))?(?:\.(\d+))?)", "Opera Mini"},
    {R"((?:OPR|OPiOS)/(\d+)\.(\d+)(?:\.(\d+))?)", "Opera"},
    {R"(Opera.*Version/(\d+)\.(\d+)(?:\.(\d+))?)", "Opera"},
    {R"(Opera[/ ](\d+)\.(\d+)(?:\.(\d+))?)", "Opera"},
    {R"((?:EdgA|EdgiOS)/(\d+)(?:\.(\d+))?(?:\.(\d+))?)", "Edge Mobile"},
    {R"((?:Edge|Edg)/(\d+)(?:\.(\d+))?(?:\.(\d+))?)", "Edge"},
    {R"(MSTeams|Teams/(\d+)(?:\.(\d+))?(?:\.(\d+))?)", "Microsoft Teams"},
    {R"(Microsoft Outlook(?: [A-Za-z]+)?[ /](\d+)(?:\.(\d+))?(?:\.(\d+))?)", "Outlook"},
    {R"(Microsoft Office/(\d+)(?:\.(\d+))?(?:\.(\d+))?)", "Microsoft Office"},
    {R"(SamsungBrowser/(\d+)(?:\.(\d+))?)", "Samsung Internet"},
    {R"(UCBrowser[ /](\d+)(?:\.(\d+))?(?:\.(\d+))?)", "UC Browser"},
    {R"(YaBrowser/(\d+)(?:\.(\d+))?(?:\.(\d+))?)", "Yandex Browser"},
    {R"(Vivaldi/(\d+)(?:\.(\d+))?(?:\.(\d+))?)", "Vivaldi"},
    {R"(Brave/(\d+)(?:\.(\d+))?(?:\.(\d+))?)", "Brave"},
    {R"(Electron/(\d+)(?:\.(\d+))?(?:\.(\d+))?)", "Electron"},
    {R"(FxiOS/(\d+)(?:\.(\d+))?(?:\.(\d+))?)", "Firefox iOS"},
    {R"((?:Mobile|Tablet);.*Firefox/(\d+)(?:\.(\d+))?(?:\.(\d+))?)", "Firefox Mobile"},
    {R"((SeaMonkey|PaleMoon|Waterfox|Thunderbird|Iceweasel|Konqueror|Epiphany)/(\d+)(?:\.(\d+))?(?:\.(\d+))?)", "$1"},
    {R"(Firefox/(\d+)(?:\.(\d+))?(?:\.(\d+))?)", "Firefox"},
    {R"(CriOS/(\d+)(?:\.(\d+))?(?:\.(\d+))?)", "Chrome Mobile iOS"},
    {R"(; wv\).*Chrome/(\d+)(?:\.(\d+))?(?:\.(\d+))?)", "Chrome Mobile WebView"},
    {R"(Chrome/(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:[\d.]*) Mobile)", "Chrome Mobile"},
    {R"((Chromium|Chrome)/(\d+)(?:\.(\d+))?(?:\.(\d+))?)", "$1"},
    {R"(IEMobile[ /](\d+)(?:\.(\d+))?)", "IE Mobile"},
    {R"(MSIE (\d+)(?:\.(\d+))?)", "IE"},
    {R"(Trident/.*rv:(\d+)(?:\.(\d+))?)", "IE"},
    {R"(Android.*Version/(\d+)(?:\.(\d+))?(?:\.(\d+))?.*Safari)", "Android"},
    {R"((?:iPhone|iPad|iPod).*Version/(\d+)(?:\.(\d+))?(?:\.(\d+))?.*Safari)", "Mobile Safari"},
    {R"((?:iPhone|iPad|iPod).*AppleWebKit)", "Mobile Safari UI/WKWebView"},
    {R"(Version/(\d+)(?:\.(\d+))?(?:\.(\d+))?.*Safari/)", "Safari"},
    {R"(AppleWebKit.*Safari)", "Safari"},
};

constexpr Pattern kSystems[] = {
    {R"(Windows Phone(?: OS)?[ /](\d+)(?:\.(\d+))?)", "Windows Phone"},
    {R"(Windows NT 10\.0)", "Windows|10"},
    {R"(Windows NT 6\.3)", "Windows|8|1"},
    {R"(Windows NT 6\.2)", "Windows|8"},
    {R"(Windows NT 6\.1)", "Windows|7"},
    {R"(Windows NT 6\.0)", "Windows|Vista"},
    {R"(Windows NT 5\.[12]|Windows XP)", "Windows|XP"},
    {R"(Windows NT 5\.0)", "Windows|2000"},
    {R"(Windows 98)", "Windows|98"},
    {R"(Windows)", "Windows"},
    {R"(SymbianOS/(\d+)\.(\d+)|SymbianOS)", "Symbian OS"},
    {R"(CrOS [a-z0-9_]+ (\d+)(?:\.(\d+))?(?:\.(\d+))?)", "Chrome OS"},
    {R"(Android[ -](\d+)(?:\.(\d+))?(?:\.(\d+))?)", "Android"},
    {R"(Android)", "Android"},
    {R"((?:CPU OS|iPhone OS|CPU iPhone OS) (\d+)[_.](\d+)(?:[_.](\d+))?)", "iOS"},
    {R"(iPhone|iPad|iPod)", "iOS"},
    {R"(AppleTV|tvOS[ /]?(\d+)?(?:\.(\d+))?)", "tvOS"},
    {R"(Mac OS X (\d+)[_.](\d+)(?:[_.](\d+))?)", "Mac OS X"},
    {R"(Mac OS X|Macintosh|Darwin/)", "Mac OS X"},
    {R"((Ubuntu|Kubuntu|Fedora|Red Hat|CentOS|Debian|SUSE|Gentoo|Arch Linux|Linux Mint)(?:[ /-](\d+)(?:\.(\d+))?(?:\.(\d+))?)?)", "$1"},
    {R"((FreeBSD|OpenBSD|NetBSD|SunOS)(?: (\d+)(?:\.(\d+))?)?)", "$1"},
    {R"(KaiOS/(\d+)(?:\.(\d+))?(?:\.(\d+))?)", "KAIOS"},
    {R"(Tizen[/ ](\d+)(?:\.(\d+))?)", "Tizen"},
    {R"(Web0S|webOS)", "webOS"},
    {R"((?:BB10|BlackBerry).*Version/(\d+)(?:\.(\d+))?(?:\.(\d+))?|BlackBerry)", "BlackBerry OS"},
    {R"(PlayStation)", "PlayStation"},
    {R"(Linux)", "Linux"},
};

// $1 is the model.
struct DevicePattern {
  const char* expression;
  const char* family;
  const char* brand;
  const char* model;
};
constexpr DevicePattern kDevices[] = {
    {R"((?i)(?:bot|spider|crawl|slurp|facebookexternalhit))", "Spider", "Spider", "Desktop"},
    {R"((iPhone|iPad|iPod)\d*(?:,\d)?)", "$1", "Apple", "$1"},
    {R"(Macintosh|Mac OS X.*(?:Darwin|CFNetwork))", "Mac", "Apple", "Mac"},
    {R"(Nokia ?([A-Za-z]*\d+)(?:-\d+)?)", "Nokia $1", "Nokia", ""},
    {R"(; *(SM-[A-Z0-9]+|GT-[A-Z0-9]+|SCH-[A-Z0-9]+|SGH-[A-Z0-9]+))", "Samsung $1", "Samsung", "$1"},
    {R"(; *(Pixel[^;)]*?)(?: Build/[^;)]*)?[;)])", "$1", "Google", "$1"},
    {R"(; *(Nexus [^;)]*?)(?: Build/[^;)]*)?[;)])", "$1", "Google", "$1"},
    {R"(; *(?:HUAWEI|Huawei)[ _-]?([^;)]*?)(?: Build/[^;)]*)?[;)])", "Huawei $1", "Huawei", "$1"},
    {R"(; *(?:Redmi|Mi|MI|POCO|M2\d{3}[A-Z0-9]+) ?([^;)]*?)(?: Build/[^;)]*)?[;)])", "XiaoMi $1", "XiaoMi", "$1"},
    {R"(; *(?:OnePlus|ONEPLUS)[ _]?([^;)]*?)(?: Build/[^;)]*)?[;)])", "OnePlus $1", "OnePlus", "$1"},
    {R"(; *(LG-[A-Za-z0-9]+|LM-[A-Za-z0-9]+))", "LG $1", "LG", "$1"},
    {R"(; *(moto[^;)]*?|Moto[^;)]*?|XT\d{4})(?: Build/[^;)]*)?[;)])", "Motorola $1", "Motorola", "$1"},
    {R"(; *(?:HTC)[ _-]?([^;)]*?)(?: Build/[^;)]*)?[;)])", "HTC $1", "HTC", "$1"},
    {R"(Windows Phone.*; *(?:Microsoft|NOKIA); *([^;)]+))", "Microsoft $1", "Microsoft", "$1"},
    {R"(BlackBerry ?(\d+))", "BlackBerry $1", "BlackBerry", "$1"},
    {R"(AppleTV)", "AppleTV", "Apple", "AppleTV"},
    {R"((PlayStation (?:Vita|Portable|\d)))", "$1", "Sony", "$1"},
    {R"((Xbox(?: One| Series X)?))", "$1", "Microsoft", "$1"},
    {R"(Android.*Mobile)", "Generic Smartphone", "Generic", "Smartphone"},
    {R"(Android)", "Generic Tablet", "Generic", "Tablet"},
};

struct Compiled {
  std::unique_ptr<re2::RE2> expression;
  std::string family, brand, model;
};

const Compiled* match(const std::vector<Compiled>& list, std::string_view text, std::vector<re2::StringPiece>& groups) {
  for (const auto& c : list) {
    groups.assign(static_cast<std::size_t>(c.expression->NumberOfCapturingGroups()) + 1, {});
    if (c.expression->Match({text.data(), text.size()}, 0, text.size(), re2::RE2::UNANCHORED, groups.data(), static_cast<int>(groups.size()))) return &c;
  }
  return nullptr;
}

template <class Patterns>
std::vector<Compiled> compile(const Patterns& patterns) {
  std::vector<Compiled> out;
  for (const auto& p : patterns) {
    Compiled c{std::make_unique<re2::RE2>(p.expression), p.family, {}, {}};
    if constexpr (requires { p.brand; }) c.brand = p.brand, c.model = p.model;
    out.push_back(std::move(c));
  }
  return out;
}

struct Sets {
  std::vector<Compiled> browsers = compile(kBrowsers), systems = compile(kSystems), devices = compile(kDevices);
};
const Sets& sets() {
  static const Sets instance;
  return instance;
}

std::string filled(std::string text, std::string_view group) {
  if (const auto at = text.find("$1"); at != std::string::npos) text.replace(at, 2, group);
  return std::string(trim(text));
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  if (out.back() != '{') out += ',';
  out += '"';
  out += name;
  out += "\":";
  json::append_quoted(out, value);
}

// Family and version parts: of the text, or behind | in the family ("Windows|10").
void append_software(std::string& out, const Compiled* found, const std::vector<re2::StringPiece>& groups, std::initializer_list<std::string_view> parts) {
  std::string family = "Other";
  std::vector<std::string> versions;
  if (found != nullptr) {
    const auto pieces = split(found->family, '|');
    family = std::string(pieces[0]);
    for (std::size_t i = 1; i < pieces.size(); ++i) versions.emplace_back(pieces[i]);
    std::size_t first = 1;
    if (family.find("$1") != std::string::npos) {
      family = filled(family, std::string_view(groups[1].data(), groups[1].size()));
      first = 2;
    }
    // Alternatives of one pattern have groups of their own: the empty ones before the first that took part are skipped.
    while (first < groups.size() && groups[first].data() == nullptr) ++first;
    for (std::size_t i = first; i < groups.size(); ++i) versions.emplace_back(groups[i].data() == nullptr ? std::string_view() : std::string_view(groups[i].data(), groups[i].size()));
  }
  append_member(out, "Family", family);
  std::size_t i = 0;
  for (const auto part : parts) append_member(out, part, i < versions.size() ? versions[i] : std::string()), ++i;
}

std::string parse(std::string_view agent, bool browser, bool system, bool device) {
  agent = agent.substr(0, kMaxText);
  std::vector<re2::StringPiece> groups;
  std::string out = "{";
  const auto open = [&](std::string_view name) {
    if (out.size() > 1) out += ',';
    out += '"';
    out += name;
    out += "\":{";
  };
  if (browser) {
    open("Browser");
    const auto* found = match(sets().browsers, agent, groups);
    // Nokia's browser has no version of its own but its platform's.
    static const re2::RE2 kSeries60(R"(Series60/(\d+)\.(\d+))");
    if (found != nullptr && found->family == "Nokia OSS Browser") {
      groups.assign(3, {});
      (void)kSeries60.Match({agent.data(), agent.size()}, 0, agent.size(), re2::RE2::UNANCHORED, groups.data(), 3);
    }
    append_software(out, found, groups, {"MajorVersion", "MinorVersion", "Patch"});
    out += '}';
  }
  if (system) {
    open("OperatingSystem");
    const auto* found = match(sets().systems, agent, groups);
    append_software(out, found, groups, {"MajorVersion", "MinorVersion", "Patch", "PatchMinor"});
    out += '}';
  }
  if (device) {
    open("Device");
    const auto* found = match(sets().devices, agent, groups);
    const std::string_view group = found != nullptr && groups.size() > 1 && groups[1].data() != nullptr ? std::string_view(groups[1].data(), groups[1].size()) : std::string_view();
    std::string model = found == nullptr ? "" : filled(found->model, group);
    if (found != nullptr && found->brand == "Nokia") {  // with what stands behind the model's number
      model = std::string(group);
      const char* end = group.data() + group.size();
      while (end < agent.data() + agent.size() && (*end == '-' || (*end >= '0' && *end <= '9'))) model += *end++;
    }
    append_member(out, "Family", found == nullptr ? std::string("Other") : filled(found->family, group));
    append_member(out, "Brand", found == nullptr ? std::string_view() : std::string_view(found->brand));
    append_member(out, "Model", model);
    out += '}';
  }
  return out + "}";
}

void parse_user_agent(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    bool browser = call.size() < 2, system = browser, device = browser, good = true;
    const auto wants = [&](std::string_view what) {
      const auto name = to_lower_ascii(what);
      if (name == "browser") browser = true;
      else if (name == "os") system = true;
      else if (name == "device") device = true;
      else good = false;
    };
    if (call.size() > 1) {
      const auto what = text_of(call[1], row, call.arena);
      if (json::is_array(what)) json::for_each_element(what, [&](std::string_view e) { wants(text_of_json(e, call.arena)); });
      else wants(what);
    }
    const auto agent = text_of(call[0], row, call.arena);
    if (!good || agent.empty()) {
      call.put_null();
    } else {
      call.put(Json{call.arena.copy(parse(agent, browser, system, device))});
    }
  }
}

constexpr Kernel kKernels[] = {{"parse_user_agent", parse_user_agent}};

}  // namespace

std::span<const Kernel> user_agent_kernels() { return kKernels; }

}  // namespace yagura::kql
