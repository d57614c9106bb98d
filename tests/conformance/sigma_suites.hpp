// The suites of conformance_sigma and what they share.
#pragma once
#include <boost/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "base/file.hpp"

namespace yagura::conformance {

// Counts cases by name, writes failures to a file.
class Report {
 public:
  explicit Report(const std::string& failures) : failures_(failures) {}
  void add(const std::string& name, bool passed, const std::string& failure) {
    auto& [good, all] = counts_[name];
    ++all;
    if (passed)
      ++good;
    else
      failures_ << name << ": " << failure << "\n";
  }
  void print(const std::string& name) const {
    const auto known = counts_.find(name);
    if (known != counts_.end())
      std::cout << name << " " << known->second.first << "/" << known->second.second << std::endl;
  }
  // Every count, and as the suite's own line the sum of all but `apart`, which would drown the others.
  void print_all(const std::string& suite, const std::string& apart = {}) const {
    int good = 0, all = 0;
    for (const auto& [name, count] : counts_) {
      if (name != suite) print(name);
      if (name == apart) continue;
      good += count.first;
      all += count.second;
    }
    std::cout << suite << " " << good << "/" << all << std::endl;
  }

 private:
  std::ofstream failures_;
  std::map<std::string, std::pair<int, int>> counts_;
};

// The archive's files below a temporary folder.
class Unpacked {
 public:
  explicit Unpacked(const std::filesystem::path& archive) {
    const std::string command = "tar -xzf '" + archive.string() + "' -C '" + folder_.path().string() + "'";
    if (std::system(command.c_str()) != 0) std::cerr << "cannot unpack " << archive << "\n";
  }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  TemporaryDirectory folder_;
};

// Every *.yml below `folder`, sorted.
inline std::vector<std::filesystem::path> rule_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().extension() == ".yml") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

void run_correlation(const boost::json::object& c, Report& report);

int run_sigma_evtx(const std::filesystem::path& cases, Report& report);
int run_sigma_regression(const std::filesystem::path& cases, Report& report);
int run_evtx(const std::filesystem::path& cases, Report& report);
int run_sigma(const std::filesystem::path& cases, Report& report);

}  // namespace yagura::conformance
