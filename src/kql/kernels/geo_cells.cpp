// Grids of cells: geohash and S2. https://learn.microsoft.com/kusto/query/geospatial-grid-systems
//
// H3's cells, which are no S2 matter, are in geo_h3.cpp.
#include <s2/s2cell.h>
#include <s2/s2cell_id.h>
#include <s2/s2shape_index_buffered_region.h>
#include <s2/s2shape_index_region.h>

#include <algorithm>
#include <cmath>

#include "kql/kernels/geo_kernels.hpp"
#include "kql/kernels/json.hpp"

namespace yagura::kql::geo {
namespace {

// --- geohash: bits of longitude and latitude by turns, five a letter

constexpr std::string_view kAlphabet = "0123456789bcdefghjkmnpqrstuvwxyz";
constexpr std::size_t kMaxLetters = 18;

struct Geohash {
  std::size_t letters = 0;
  std::uint64_t column = 0, row = 0;  // of a grid
  int column_bits = 0, row_bits = 0;
  double west(double columns) const { return std::ldexp(static_cast<double>(column) + columns, -column_bits) * 360 - 180; }
  double south(double rows) const { return std::ldexp(static_cast<double>(row) + rows, -row_bits) * 180 - 90; }
};

std::optional<Geohash> read_geohash(std::string_view text) {
  if (text.empty() || text.size() > kMaxLetters) return std::nullopt;
  Geohash hash{.letters = text.size()};
  bool longitude = true;
  for (const char c : text) {
    const auto value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    for (int bit = 4; bit >= 0; --bit, longitude = !longitude) {
      auto& number = longitude ? hash.column : hash.row;
      ++(longitude ? hash.column_bits : hash.row_bits);
      number = number * 2 + (value >> bit & 1);
    }
  }
  return hash;
}

std::string write_geohash(const Geohash& hash) {
  std::string out;
  int column = hash.column_bits, row = hash.row_bits;
  bool longitude = true;
  for (std::size_t i = 0; i < hash.letters; ++i) {
    std::size_t value = 0;
    for (int bit = 0; bit < 5; ++bit, longitude = !longitude) {
      value = value * 2 + (longitude ? hash.column >> --column & 1 : hash.row >> --row & 1);
    }
    out += kAlphabet[value];
  }
  return out;
}

void point_to_geohash(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const std::int64_t letters = call.size() > 2 && !call.any_null(row) ? call[2].integer(row) : 5;
    const double longitude = call[0].real(row), latitude = call[1].real(row);
    if (call.any_null(row) || !point_of(longitude, latitude) || letters < 1 || letters > static_cast<int>(kMaxLetters)) {
      call.put(std::string_view());
      continue;
    }
    Geohash hash{.letters = static_cast<std::size_t>(letters)};
    hash.column_bits = static_cast<int>(letters * 5 + 1) / 2;
    hash.row_bits = static_cast<int>(letters * 5) / 2;
    const auto cell = [](double part, int bits) {
      const auto last = (std::uint64_t{1} << bits) - 1;
      return std::min(last, static_cast<std::uint64_t>(std::floor(std::ldexp(part, bits))));
    };
    hash.column = cell((longitude + 180) / 360, hash.column_bits);
    hash.row = cell((latitude + 90) / 180, hash.row_bits);
    call.put(write_geohash(hash));
  }
}

std::string position_json(double longitude, double latitude) {
  std::string out;
  append_position(out, S2LatLng::FromDegrees(latitude, longitude));
  return out;
}

void geohash_centre(KernelCall& call) {
  each_row(call, [&](std::size_t row) {
    const auto hash = read_geohash(call[0].text(row));
    if (!hash) return call.put_null();
    put_json(call, R"({"type":"Point","coordinates":)" + position_json(hash->west(0.5), hash->south(0.5)) + "}");
  });
}

void geohash_polygon(KernelCall& call) {
  each_row(call, [&](std::size_t row) {
    const auto hash = read_geohash(call[0].text(row));
    if (!hash) return call.put_null();
    std::string out = R"({"type":"Polygon","coordinates":[[)";
    for (const auto& [x, y] : {std::pair(0, 0), {1, 0}, {1, 1}, {0, 1}, {0, 0}}) {
      out += position_json(hash->west(x), hash->south(y)) + ",";
    }
    out.back() = ']';
    put_json(call, out + "]}");
  });
}

std::string texts_json(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const auto& text : texts) {
    if (out.size() > 1) out += ',';
    out += '"' + text + '"';
  }
  return out + "]";
}

// In the documentation's order. Columns go round the Earth; there is nothing beyond a pole.
void geohash_neighbours(KernelCall& call) {
  each_row(call, [&](std::size_t row) {
    const auto hash = read_geohash(call[0].text(row));
    if (!hash) return call.put_null();
    const auto columns = std::uint64_t{1} << hash->column_bits, rows = std::uint64_t{1} << hash->row_bits;
    std::vector<std::string> cells;
    for (const auto& [x, y] : {std::pair(-1, -1), {-1, 1}, {1, -1}, {0, 1}, {-1, 0}, {1, 1}, {1, 0}, {0, -1}}) {
      Geohash next = *hash;
      next.column = (hash->column + columns + static_cast<std::uint64_t>(x)) % columns;
      next.row = hash->row + static_cast<std::uint64_t>(y);
      if (next.row >= rows) continue;
      auto text = write_geohash(next);
      if (std::ranges::find(cells, text) == cells.end()) cells.push_back(std::move(text));
    }
    put_json(call, texts_json(cells));
  });
}

// --- S2

std::optional<S2CellId> read_cell(std::string_view token) {
  if (token.empty() || token.size() > 16) return std::nullopt;
  const auto id = S2CellId::FromToken(absl::string_view(token.data(), token.size()));
  return id.is_valid() ? std::optional(id) : std::nullopt;
}

void point_to_cell(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const bool null = call.any_null(row);
    const std::int64_t level = call.size() > 2 && !null ? call[2].integer(row) : 11;
    const auto point = null ? std::nullopt : point_of(call[0].real(row), call[1].real(row));
    if (!point || level < 0 || level > S2CellId::kMaxLevel) {
      call.put(std::string_view());
    } else {
      call.put(S2CellId(*point).parent(static_cast<int>(level)).ToToken());
    }
  }
}

void cell_centre(KernelCall& call) {
  each_row(call, [&](std::size_t row) {
    const auto id = read_cell(call[0].text(row));
    if (!id) return call.put_null();
    put_json(call, point_json(id->ToPoint()));
  });
}

void cell_polygon(KernelCall& call) {
  each_row(call, [&](std::size_t row) {
    const auto id = read_cell(call[0].text(row));
    if (!id) return call.put_null();
    const S2Cell cell(*id);
    std::string out = R"({"type":"Polygon","coordinates":[[)";
    for (int i = 0; i <= 4; ++i) {
      append_position(out, S2LatLng(cell.GetVertex(i % 4)));
      out += ',';
    }
    out.back() = ']';
    put_json(call, out + "]}");
  });
}

void cell_neighbours(KernelCall& call) {
  each_row(call, [&](std::size_t row) {
    const auto id = read_cell(call[0].text(row));
    if (!id) return call.put_null();
    std::vector<S2CellId> around, ordered;
    id->AppendAllNeighbors(id->level(), &around);
    // Row by row of the face; the documentation's order is another. At a corner of the cube one is missing.
    constexpr std::size_t kOrder[] = {7, 0, 1, 2, 3, 5, 4, 6};
    if (around.size() == std::size(kOrder)) {
      for (const auto i : kOrder) ordered.push_back(around[i]);
    } else {
      ordered = around;
    }
    std::vector<std::string> tokens;
    for (const auto cell : ordered) {
      auto token = cell.ToToken();
      if (std::ranges::find(tokens, token) == tokens.end()) tokens.push_back(std::move(token));
    }
    put_json(call, texts_json(tokens));
  });
}

// All cells of the level that the region may touch; empty when they are too many. Coarser levels never have more cells
// than finer ones, so the search ends as soon as one has too many.
std::vector<std::string> cover(const S2Region& region, int level) {
  constexpr std::size_t kMaxCells = 65536;
  std::vector<S2CellId> cells;
  for (int face = 0; face < 6; ++face) {
    const auto id = S2CellId::FromFace(face);
    if (region.MayIntersect(S2Cell(id))) cells.push_back(id);
  }
  for (int at = 0; at < level; ++at) {
    std::vector<S2CellId> finer;
    for (const auto& cell : cells) {
      for (int child = 0; child < 4; ++child) {
        const auto id = cell.child(child);
        if (region.MayIntersect(S2Cell(id))) finer.push_back(id);
      }
      if (finer.size() > kMaxCells) return {};
    }
    cells = std::move(finer);
  }
  std::vector<std::string> tokens;
  for (const auto& cell : cells) tokens.push_back(cell.ToToken());
  return tokens;
}

void put_cover(KernelCall& call, const MutableS2ShapeIndex& index, std::size_t row) {
  const std::int64_t level = call.size() > 1 ? call[1].integer(row) : 11;
  const double radius = call.size() > 2 ? call[2].real(row) : 0;
  if (level < 0 || level > S2CellId::kMaxLevel || !(radius >= 0 && radius <= 3 * kEarthRadius)) return call.put_null();
  const auto tokens = radius > 0 ? cover(S2ShapeIndexBufferedRegion(&index, S1ChordAngle(angle_of(radius))), static_cast<int>(level))
                                 : cover(MakeS2ShapeIndexRegion(&index), static_cast<int>(level));
  if (tokens.empty()) return call.put_null();
  put_json(call, texts_json(tokens));
}

void line_cells(KernelCall& call) {
  LineReader read;
  each_row(call, [&](std::size_t row) {
    const auto& lines = read(call[0].text(row));
    if (!lines) return call.put_null();
    MutableS2ShapeIndex index;
    add_lines(*lines, index);
    put_cover(call, index, row);
  });
}

void polygon_cells(KernelCall& call) {
  PolygonReader read;
  each_row(call, [&](std::size_t row) {
    const auto& polygon = read(call[0].text(row));
    if (polygon == nullptr) return call.put_null();
    MutableS2ShapeIndex index;
    add_polygon(*polygon, index);
    put_cover(call, index, row);
  });
}

constexpr Kernel kKernels[] = {
    {"geo_point_to_geohash", point_to_geohash},
    {"geo_geohash_to_central_point", geohash_centre},
    {"geo_geohash_to_polygon", geohash_polygon},
    {"geo_geohash_neighbors", geohash_neighbours},
    {"geo_point_to_s2cell", point_to_cell},
    {"geo_s2cell_to_central_point", cell_centre},
    {"geo_s2cell_to_polygon", cell_polygon},
    {"geo_s2cell_neighbors", cell_neighbours},
    {"geo_line_to_s2cells", line_cells},
    {"geo_polygon_to_s2cells", polygon_cells},
};

}  // namespace

std::span<const Kernel> cell_kernels() { return kKernels; }

}  // namespace yagura::kql::geo
