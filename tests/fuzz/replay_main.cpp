// Runs a fuzz target on every file of the folders named, without libFuzzer: the corpus and the
// inputs that once found something. Fails with the target, or where there is nothing to run.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>

#include "fuzz.h"

namespace {

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The bytes lie in memory of their own, so that a sanitizer sees what is read beyond them.
void run(const std::string& content) {
  const std::unique_ptr<uint8_t[]> copy(new uint8_t[content.size()]);
  std::copy(content.begin(), content.end(), copy.get());
  LLVMFuzzerTestOneInput(copy.get(), content.size());
}

size_t replay(const std::filesystem::path& folder) {
  std::set<std::filesystem::path> files;  // in order
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) files.insert(entry.path());
  }
  for (const auto& file : files) {
    std::fprintf(stderr, "%s\n", file.c_str());  // the last one named is the one that fails
    run(content_of(file));
  }
  return files.size();
}

}  // namespace

int main(int argc, char** argv) {
  size_t count = 0;
  try {
    for (int i = 1; i < argc; ++i) count += replay(argv[i]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  std::printf("%zu inputs replayed\n", count);
  return count == 0 ? 1 : 0;
}
