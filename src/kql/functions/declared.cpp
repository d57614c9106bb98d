// Functions over texts, times and statistics that the store has no SQL for: they are computed on rows (kernels/).
#include "kql/function.hpp"

namespace yagura::kql {

namespace {

#define AGENT "'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.71 Safari/537.36'"

constexpr Function kFunctions[] = {
    {.name = "geo_info_from_ip_address", .summary = "Where an address is: country, state, city, latitude, longitude. Needs a database of MaxMind's form, such as GeoLite2 City: /var/lib/GeoIP/GeoLite2-City.mmdb, or the file that "
                                                    "the environment's YAGURA_GEOIP_DATABASE names. Without one the query fails.",
     .signatures = "geo_info_from_ip_address(ip:string) -> dynamic", .may_be_null = true, .examples = {{{"geo_info_from_ip_address('no address')", ""}}}},
    {.name = "parse_user_agent", .summary = "What a User-Agent header names: 'browser', 'os', 'device', or an array of these. By an own set of patterns, smaller than Kusto's: what it does not know is 'Other'.",
     .signatures = "parse_user_agent(agent:string, look_for:string_or_array?) -> dynamic", .may_be_null = true,
     .examples = {{{"parse_user_agent(" AGENT ", 'browser')", R"({"Browser":{"Family":"Chrome","MajorVersion":"120","MinorVersion":"0","Patch":"6099"}})"},
                   {"parse_user_agent(" AGENT ", 'os')", R"({"OperatingSystem":{"Family":"Windows","MajorVersion":"10","MinorVersion":"","Patch":"","PatchMinor":""}})"},
                   {"parse_user_agent('curl/7.68.0', dynamic(['browser', 'device']))", R"({"Browser":{"Family":"curl","MajorVersion":"7","MinorVersion":"68","Patch":"0"},"Device":{"Family":"Other","Brand":"","Model":""}})"}}}},
    {.name = "parse_xml", .summary = "XML as a bag: elements are members, attributes @members, text #text. Null when it is no XML, or longer than 1 MB.", .signatures = "parse_xml(xml:string_or_dynamic) -> dynamic",
     .naming = ResultName::first_argument, .may_be_null = true,
     .examples = {{{"parse_xml('<e n=\"v\">text</e>')", R"({"e":{"@n":"v","#text":"text"}})"}, {"parse_xml('<e><a>1</a> <a>x</a><b/></e>')", R"({"e":{"a":[1,"x"],"b":null}})"}, {"parse_xml('<e>')", ""}}}},
    {.name = "gzip_compress_to_base64_string", .summary = "Compressed with gzip, in base64.", .signatures = "gzip_compress_to_base64_string(text:string) -> string",
     .examples = {{{"gzip_decompress_from_base64_string(gzip_compress_to_base64_string('1234567890qwertyuiop'))", "1234567890qwertyuiop"}}}},
    {.name = "gzip_decompress_from_base64_string", .summary = "The text that gzip in base64 stands for; empty when it is none. At most 64 MB.", .signatures = "gzip_decompress_from_base64_string(text:string) -> string",
     .examples = {{{"gzip_decompress_from_base64_string('H4sIAAAAAAAA/wEUAOv/MTIzNDU2Nzg5MHF3ZXJ0eXVpb3A6m7f2FAAAAA==')", "1234567890qwertyuiop"}, {"gzip_decompress_from_base64_string('x0x0')", ""}}}},
    {.name = "zlib_compress_to_base64_string", .summary = "Compressed with zlib, in base64.", .signatures = "zlib_compress_to_base64_string(text:string) -> string",
     .examples = {{{"zlib_decompress_from_base64_string(zlib_compress_to_base64_string('1234567890qwertyuiop'))", "1234567890qwertyuiop"}}}},
    {.name = "zlib_decompress_from_base64_string", .summary = "The text that zlib in base64 stands for; empty when it is none.", .signatures = "zlib_decompress_from_base64_string(text:string) -> string",
     .examples = {{{"zlib_decompress_from_base64_string('eJwLSS0uUSguKcrMS1cwNDIGACxqBQ4=')", "Test string 123"}, {"zlib_decompress_from_base64_string('x0x0x0')", ""}}}},
    {.name = "punycode_from_string", .summary = "A text in Punycode.", .signatures = "punycode_from_string(text:string) -> string", .examples = {{{"punycode_from_string('acad\xC3\xA9mie-fran\xC3\xA7" "aise')", "acadmie-franaise-npb1a"}}}},
    {.name = "punycode_to_string", .summary = "The text that Punycode stands for; empty when it is none.", .signatures = "punycode_to_string(text:string) -> string",
     .examples = {{{"punycode_to_string('acadmie-franaise-npb1a')", "acad\xC3\xA9mie-fran\xC3\xA7" "aise"}, {"punycode_to_string('a-!')", ""}}}},
    {.name = "punycode_domain_to_string", .summary = "A domain name with its labels in Punycode.", .signatures = "punycode_domain_to_string(domain:string) -> string", .examples = {{{"punycode_domain_to_string('b\xC3\xBC" "cher.example')", "xn--bcher-kva.example"}}}},
    {.name = "punycode_domain_from_string", .summary = "The domain name that labels in Punycode stand for.", .signatures = "punycode_domain_from_string(domain:string) -> string", .examples = {{{"punycode_domain_from_string('xn--bcher-kva.example')", "b\xC3\xBC" "cher.example"}}}},
    {.name = "datetime_list_timezones", .summary = "The names of all time zones.", .signatures = "datetime_list_timezones() -> dynamic", .examples = {{{"set_has_element(datetime_list_timezones(), 'Europe/Berlin')", "true"}}}},
    {.name = "beta_cdf", .summary = "The distribution of beta; NaN outside of its domain.", .signatures = "beta_cdf(x:number, alpha:number, beta:number) -> real", .examples = {{{"round(beta_cdf(0.5, 10.0, 20.0), 6)", "0.969286"}, {"beta_cdf(1.5, 10.0, 20.0)", "NaN"}}}},
    {.name = "beta_pdf", .summary = "The density of beta; NaN outside of its domain.", .signatures = "beta_pdf(x:number, alpha:number, beta:number) -> real", .examples = {{{"round(beta_pdf(0.5, 10.0, 20.0), 6)", "0.746176"}}}},
    {.name = "beta_inv", .summary = "The value below which so much of beta's distribution lies.", .signatures = "beta_inv(probability:number, alpha:number, beta:number) -> real", .may_be_null = true,
     .examples = {{{"round(beta_inv(0.1, 10.0, 20.0), 6)", "0.226415"}, {"beta_inv(1.5, 10.0, 20.0)", ""}}}},
    {.name = "welch_test", .summary = "The p-value of Welch's test: how likely means differ so much by chance.", .signatures = "welch_test(mean1:number, variance1:number, count1:number, mean2:number, variance2:number, count2:number) -> real",
     .may_be_null = true, .examples = {{{"round(welch_test(20.82, 7.85, 15, 22.99, 3.78, 15), 3)", "0.021"}}}},
};

}  // namespace

std::span<const Function> declared_functions() { return kFunctions; }

}  // namespace yagura::kql
