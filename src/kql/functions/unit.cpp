// Units of measure and byte sizes. https://learn.microsoft.com/kusto/query/convert-length-function and its neighbours.
#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "kql/sql_expression.hpp"
#include "kql/unit_conversion.hpp"

namespace yagura::kql {

namespace {

struct Unit {
  std::string_view name;
  double factor;      // of the base unit
  double offset = 0;  // base = value * factor + offset
};

constexpr double kPi = std::numbers::pi;
constexpr Unit kAngles[] = {{"Arcminute", kPi / 10800}, {"Arcsecond", kPi / 648000}, {"Centiradian", 1e-2}, {"Deciradian", 1e-1}, {"Degree", kPi / 180},
                            {"Gradian", kPi / 200}, {"Microdegree", kPi / 180e6}, {"Microradian", 1e-6}, {"Millidegree", kPi / 180e3}, {"Milliradian", 1e-3},
                            {"Nanodegree", kPi / 180e9}, {"Nanoradian", 1e-9}, {"NatoMil", kPi / 3200}, {"Radian", 1}, {"Revolution", 2 * kPi}, {"Tilt", 1}};
constexpr Unit kEnergies[] = {
    {"BritishThermalUnit", 1055.05585262}, {"Calorie", 4.184}, {"DecathermEc", 1.05505585262e9}, {"DecathermImperial", 1.05505585257348e9},
    {"DecathermUs", 1.054804e9}, {"ElectronVolt", 1.602176565e-19}, {"Erg", 1e-7}, {"FootPound", 1.3558179483314004}, {"GigabritishThermalUnit", 1055.05585262e9},
    {"GigaelectronVolt", 1.602176565e-10}, {"Gigajoule", 1e9}, {"GigawattDay", 8.64e13}, {"GigawattHour", 3.6e12}, {"HorsepowerHour", 2.684519537696172792e6},
    {"Joule", 1}, {"KilobritishThermalUnit", 1055055.85262}, {"Kilocalorie", 4184}, {"KiloelectronVolt", 1.602176565e-16}, {"Kilojoule", 1e3}, {"KilowattDay", 8.64e7},
    {"KilowattHour", 3.6e6}, {"MegabritishThermalUnit", 1055.05585262e6}, {"Megacalorie", 4.184e6}, {"MegaelectronVolt", 1.602176565e-13}, {"Megajoule", 1e6},
    {"MegawattDay", 8.64e10}, {"MegawattHour", 3.6e9}, {"Millijoule", 1e-3}, {"TeraelectronVolt", 1.602176565e-7}, {"TerawattDay", 8.64e16}, {"TerawattHour", 3.6e15},
    {"ThermEc", 1.05505585262e8}, {"ThermImperial", 1.05505585257348e8}, {"ThermUs", 1.054804e8}, {"WattDay", 86400}, {"WattHour", 3600}};
constexpr Unit kForces[] = {{"Decanewton", 10}, {"Dyn", 1e-5}, {"KilogramForce", 9.80665}, {"Kilonewton", 1e3}, {"KiloPond", 9.80665}, {"KilopoundForce", 4448.2216152605095},
                            {"Meganewton", 1e6}, {"Micronewton", 1e-6}, {"Millinewton", 1e-3}, {"Newton", 1}, {"OunceForce", 0.27801385095378125}, {"Poundal", 0.138254954376},
                            {"PoundForce", 4.4482216152605095}, {"ShortTonForce", 8896.443230521}, {"TonneForce", 9806.65}};
constexpr Unit kLengths[] = {
    {"Angstrom", 1e-10}, {"AstronomicalUnit", 1.4959787070e11}, {"Centimeter", 1e-2}, {"Chain", 20.1168}, {"DataMile", 1828.8}, {"Decameter", 10}, {"Decimeter", 0.1},
    {"DtpPica", 0.0042333333333333334}, {"DtpPoint", 0.00035277777777777776}, {"Fathom", 1.8288}, {"Foot", 0.3048}, {"Hand", 0.1016}, {"Hectometer", 100}, {"Inch", 0.0254},
    {"KilolightYear", 9.46073047258e18}, {"Kilometer", 1e3}, {"Kiloparsec", 3.08567758128e19}, {"LightYear", 9.46073047258e15}, {"MegalightYear", 9.46073047258e21},
    {"Megaparsec", 3.08567758128e22}, {"Meter", 1}, {"Microinch", 2.54e-8}, {"Micrometer", 1e-6}, {"Mil", 2.54e-5}, {"Mile", 1609.344}, {"Millimeter", 1e-3}, {"Nanometer", 1e-9},
    {"NauticalMile", 1852}, {"Parsec", 3.08567758128e16}, {"PrinterPica", 0.0042175176}, {"PrinterPoint", 0.0003514598}, {"Shackle", 27.432}, {"SolarRadius", 6.95510e8},
    {"Twip", 1.76388888888889e-5}, {"UsSurveyFoot", 0.30480060960121919}, {"Yard", 0.9144}};
constexpr Unit kMasses[] = {
    {"Centigram", 1e-5}, {"Decagram", 1e-2}, {"Decigram", 1e-4}, {"EarthMass", 5.9722e24}, {"Grain", 6.479891e-5}, {"Gram", 1e-3}, {"Hectogram", 0.1}, {"Kilogram", 1},
    {"Kilopound", 453.59237}, {"Kilotonne", 1e6}, {"LongHundredweight", 50.80234544}, {"LongTon", 1016.0469088}, {"Megapound", 453592.37}, {"Megatonne", 1e9}, {"Microgram", 1e-9},
    {"Milligram", 1e-6}, {"Nanogram", 1e-12}, {"Ounce", 0.028349523125}, {"Pound", 0.45359237}, {"ShortHundredweight", 45.359237}, {"ShortTon", 907.18474}, {"Slug", 14.593902937206},
    {"SolarMass", 1.98947e30}, {"Stone", 6.35029318}, {"Tonne", 1e3}};
constexpr Unit kSpeeds[] = {
    {"CentimeterPerHour", 1e-2 / 3600}, {"CentimeterPerMinute", 1e-2 / 60}, {"CentimeterPerSecond", 1e-2}, {"DecimeterPerMinute", 0.1 / 60}, {"DecimeterPerSecond", 0.1},
    {"FootPerHour", 0.3048 / 3600}, {"FootPerMinute", 0.3048 / 60}, {"FootPerSecond", 0.3048}, {"InchPerHour", 0.0254 / 3600}, {"InchPerMinute", 0.0254 / 60}, {"InchPerSecond", 0.0254},
    {"KilometerPerHour", 1000. / 3600}, {"KilometerPerMinute", 1000. / 60}, {"KilometerPerSecond", 1e3}, {"Knot", 0.514444}, {"MeterPerHour", 1. / 3600}, {"MeterPerMinute", 1. / 60},
    {"MeterPerSecond", 1}, {"MicrometerPerMinute", 1e-6 / 60}, {"MicrometerPerSecond", 1e-6}, {"MilePerHour", 0.44704}, {"MillimeterPerHour", 1e-3 / 3600}, {"MillimeterPerMinute", 1e-3 / 60},
    {"MillimeterPerSecond", 1e-3}, {"NanometerPerMinute", 1e-9 / 60}, {"NanometerPerSecond", 1e-9}, {"UsSurveyFootPerHour", 1200. / 3937 / 3600}, {"UsSurveyFootPerMinute", 1200. / 3937 / 60},
    {"UsSurveyFootPerSecond", 1200. / 3937}, {"YardPerHour", 0.9144 / 3600}, {"YardPerMinute", 0.9144 / 60}, {"YardPerSecond", 0.9144}};
constexpr Unit kTemperatures[] = {{"DegreeCelsius", 1, 273.15}, {"DegreeDelisle", -2. / 3, 373.15}, {"DegreeFahrenheit", 5. / 9, 459.67 * 5 / 9}, {"DegreeNewton", 100. / 33, 273.15},
                                  {"DegreeRankine", 5. / 9}, {"DegreeReaumur", 1.25, 273.15}, {"DegreeRoemer", 40. / 21, 273.15 - 7.5 * 40 / 21}, {"Kelvin", 1},
                                  {"MillidegreeCelsius", 1e-3, 273.15}, {"SolarTemperature", 5778}};
constexpr Unit kVolumes[] = {
    {"AcreFoot", 1233.48183754752}, {"AuTablespoon", 2e-5}, {"BoardFoot", 2.3597372158e-3}, {"Centiliter", 1e-5}, {"CubicCentimeter", 1e-6}, {"CubicDecimeter", 1e-3},
    {"CubicFoot", 0.028316846592}, {"CubicHectometer", 1e6}, {"CubicInch", 1.6387064e-5}, {"CubicKilometer", 1e9}, {"CubicMeter", 1}, {"CubicMicrometer", 1e-18},
    {"CubicMile", 4.16818182544058e9}, {"CubicMillimeter", 1e-9}, {"CubicYard", 0.764554857984}, {"Decaliter", 1e-2}, {"DecausGallon", 3.785411784e-2}, {"Deciliter", 1e-4},
    {"DeciusGallon", 3.785411784e-4}, {"HectocubicFoot", 2.8316846592}, {"HectocubicMeter", 100}, {"Hectoliter", 0.1}, {"HectousGallon", 0.3785411784}, {"ImperialBeerBarrel", 0.16365924},
    {"ImperialGallon", 0.00454609}, {"ImperialOunce", 2.84130625e-5}, {"ImperialPint", 5.6826125e-4}, {"KilocubicFoot", 28.316846592}, {"KilocubicMeter", 1e3}, {"KiloimperialGallon", 4.54609},
    {"Kiloliter", 1}, {"KilousGallon", 3.785411784}, {"Liter", 1e-3}, {"MegacubicFoot", 28316.846592}, {"MegaimperialGallon", 4546.09}, {"Megaliter", 1e3}, {"MegausGallon", 3785.411784},
    {"MetricCup", 2.5e-4}, {"MetricTeaspoon", 5e-6}, {"Microliter", 1e-9}, {"Milliliter", 1e-6}, {"OilBarrel", 0.158987294928}, {"UkTablespoon", 1.5e-5}, {"UsBeerBarrel", 0.117347765304},
    {"UsCustomaryCup", 2.365882365e-4}, {"UsGallon", 3.785411784e-3}, {"UsLegalCup", 2.4e-4}, {"UsOunce", 2.95735295625e-5}, {"UsPint", 4.73176473e-4}, {"UsQuart", 9.46352946e-4},
    {"UsTablespoon", 1.478676478125e-5}, {"UsTeaspoon", 4.92892159375e-6}};

const Unit* find(std::span<const Unit> units, std::string_view name) {
  for (const auto& u : units) {
    if (u.name == name) return &u;
  }
  return nullptr;
}

Sql convert(SqlCall& c, std::span<const Unit> units) {
  const auto* from = c.literal(1);
  const auto* to = c.literal(2);
  const Unit* a = from != nullptr ? find(units, from->text) : nullptr;
  const Unit* b = to != nullptr ? find(units, to->text) : nullptr;
  const auto real = [](double v) { return fmt::format("toFloat64('{}')", v); };
  if (a != nullptr && b != nullptr) {
    if (a == b) return c.value("toFloat64(" + c.arg(0) + ")");
    return c.value(fmt::format("((toFloat64({}) * {} + {} - {}) / {})", c.arg(0), real(a->factor), real(a->offset), real(b->offset), real(b->factor)));
  }
  if (from != nullptr && to != nullptr) return {"CAST(NULL, 'Nullable(Float64)')", true, true};
  // Names that differ by row.
  std::string names, factors, offsets;
  for (const auto& u : units) {
    const std::string_view comma = names.empty() ? "" : ", ";
    names += fmt::format("{}'{}'", comma, u.name);
    factors += fmt::format("{}{}", comma, real(u.factor));
    offsets += fmt::format("{}{}", comma, real(u.offset));
  }
  const auto pick = [&](std::string_view list, std::size_t i) {
    return fmt::format("([{}])[indexOf([{}], {})]", list, names, c.shared(i));
  };
  return c.value(fmt::format("if(has([{0}], {1}) AND has([{0}], {2}), (toFloat64({3}) * {4} + {5} - {6}) / {7}, NULL)", names, c.shared(1), c.shared(2), c.arg(0),
                             pick(factors, 1), pick(offsets, 1), pick(offsets, 2), pick(factors, 2)), true);
}

// format_bytes(size, precision, unit): 1024 to the next unit.
Sql format_bytes(SqlCall& c) {
  static constexpr std::string_view kUnits[] = {"Bytes", "KB", "MB", "GB", "TB", "PB", "EB"};
  const std::string x = c.name("toFloat64(" + c.arg(0) + ")");
  std::string power;
  const auto* unit = c.size() > 2 ? c.literal(2) : nullptr;
  if (unit != nullptr) {
    int p = 0;
    for (int i = 0; i < 7; ++i) {
      if (kUnits[i] == unit->text) p = i;
    }
    power = std::to_string(p);
  } else {
    power = c.name(fmt::format("if(NOT (abs({0}) >= 1), 0, toInt64(least(6., floor(log2(greatest(1., abs({0}))) / 10 + 1e-12))))", x));
  }
  const std::string digits = c.size() > 1 ? c.name(fmt::format("accurateCastOrNull(trunc(least(15., greatest(0., toFloat64({})))), 'Int64')", c.arg(1))) : "0";
  const std::string value = c.name(fmt::format("if(isNull({2}), NULL, round({0} / pow(1024, {1}), ifNull({2}, 0)))", x, power, digits));
  return c.value(fmt::format("concat(toString({}), ' ', ['Bytes', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'][{} + 1])", value, power));
}

constexpr Function kFunctions[] = {
    {.name = "convert_angle", .summary = "An angle in another unit.", .signatures = "convert_angle(value:real, from:string, to:string) -> real", .may_be_null = true, .emit = [](SqlCall& c) { return convert(c, kAngles); }, .examples = {{{"convert_angle(1.0, 'Degree', 'Degree')", "1.0"}}}},
    {.name = "convert_energy", .summary = "An energy in another unit.", .signatures = "convert_energy(value:real, from:string, to:string) -> real", .may_be_null = true, .emit = [](SqlCall& c) { return convert(c, kEnergies); }, .examples = {{{"convert_energy(2.0, 'Kilojoule', 'Joule')", "2000.0"}}}},
    {.name = "convert_force", .summary = "A force in another unit.", .signatures = "convert_force(value:real, from:string, to:string) -> real", .may_be_null = true, .emit = [](SqlCall& c) { return convert(c, kForces); }, .examples = {{{"convert_force(2.0, 'Kilonewton', 'Newton')", "2000.0"}}}},
    {.name = "convert_length", .summary = "A length in another unit.", .signatures = "convert_length(value:real, from:string, to:string) -> real", .may_be_null = true, .emit = [](SqlCall& c) { return convert(c, kLengths); }, .examples = {{{"convert_length(2.0, 'Kilometer', 'Meter')", "2000.0"}}}},
    {.name = "convert_mass", .summary = "A mass in another unit.", .signatures = "convert_mass(value:real, from:string, to:string) -> real", .may_be_null = true, .emit = [](SqlCall& c) { return convert(c, kMasses); }, .examples = {{{"convert_mass(2.0, 'Tonne', 'Kilogram')", "2000.0"}}}},
    {.name = "convert_speed", .summary = "A speed in another unit.", .signatures = "convert_speed(value:real, from:string, to:string) -> real", .may_be_null = true, .emit = [](SqlCall& c) { return convert(c, kSpeeds); }, .examples = {{{"convert_speed(2.0, 'KilometerPerSecond', 'MeterPerSecond')", "2000.0"}}}},
    {.name = "convert_temperature", .summary = "A temperature in another unit.", .signatures = "convert_temperature(value:real, from:string, to:string) -> real", .may_be_null = true, .emit = [](SqlCall& c) { return convert(c, kTemperatures); }, .examples = {{{"convert_temperature(0.0, 'DegreeCelsius', 'Kelvin')", "273.15"}}}},
    {.name = "convert_volume", .summary = "A volume in another unit.", .signatures = "convert_volume(value:real, from:string, to:string) -> real", .may_be_null = true, .emit = [](SqlCall& c) { return convert(c, kVolumes); }, .examples = {{{"convert_volume(1.0, 'Kiloliter', 'CubicMeter')", "1.0"}}}},
    {.name = "format_bytes", .summary = "A size in bytes for people.", .signatures = "format_bytes(size:number, precision:number?=, unit:string?=) -> string", .naming = ResultName::first_argument, .emit = format_bytes,
     .examples = {{{"format_bytes(564)", "564 Bytes"}, {"format_bytes(10332, 1)", "10.1 KB"}, {"format_bytes(20010332, 2)", "19.08 MB"}, {"format_bytes(20010332, 0, 'KB')", "19541 KB"}}}},
};

}  // namespace

std::span<const Function> unit_functions() { return kFunctions; }

std::optional<double> convert_units(std::string_view function, double value, std::string_view from, std::string_view to) {
  std::span<const Unit> units;
  if (function == "convert_angle") units = kAngles;
  if (function == "convert_energy") units = kEnergies;
  if (function == "convert_force") units = kForces;
  if (function == "convert_length") units = kLengths;
  if (function == "convert_mass") units = kMasses;
  if (function == "convert_speed") units = kSpeeds;
  if (function == "convert_temperature") units = kTemperatures;
  if (function == "convert_volume") units = kVolumes;
  const Unit* a = find(units, from);
  const Unit* b = find(units, to);
  if (a == nullptr || b == nullptr) return std::nullopt;
  return a == b ? value : (value * a->factor + a->offset - b->offset) / b->factor;
}

}  // namespace yagura::kql
