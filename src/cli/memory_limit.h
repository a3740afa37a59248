// The memory that `serve` may have, whatever its clients, and hosts that they name, make it hold.
#pragma once

#include <cstdint>
#include <string>

namespace ringsync {

/// Three times of what 64 syncs at once of rows of a usual width take.
inline constexpr uint64_t kServeMemoryMib = 2048;
/// Below it the threads' stacks leave nothing to work with.
inline constexpr uint64_t kServeMemoryMibMin = 256;
inline constexpr uint64_t kServeMemoryMibMax = uint64_t{1} << 20;

/// Bounds the private memory of this process (RLIMIT_DATA: heap, stacks and what is mapped without
/// a file, as far as it may be written to; room that is only reserved counts too). Where more is
/// wanted, by whichever library, the process writes `line` to standard output and ends with
/// `exit_code`. Call it once, before other threads start. A limit that is lower already stays. Does
/// nothing where the build's sanitizer reserves terabytes.
void limit_memory(uint64_t mib, std::string line, int exit_code);

}  // namespace ringsync
