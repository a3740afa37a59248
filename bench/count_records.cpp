// count_records: calls Schema, then Update of a Fivetran source connector, and counts the bytes and
// records that come, without making an object of them, so that what takes time is the connector.
// With a pause it is a client that reads slowly, with --parse one that makes the objects. One
// thread reads.

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/process_usage.h"
#include "proto/source_connector.grpc.pb.h"

namespace ringsync {
namespace {

using fivetran_sdk::v2::UpdateRequest;
using fivetran_sdk::v2::UpdateResponse;

constexpr int kMessageBytesMax = 128 << 20;

struct CountOptions {
  std::string address;
  std::string configuration_file;
  uint64_t pause_every_messages = 0;  // 0: never
  uint32_t pause_ms = 0;
  bool parse = false;
};

struct Counted {
  uint64_t messages = 0;
  uint64_t bytes = 0;
  uint64_t records = 0;
  uint64_t checkpoints = 0;
  std::string problem;  // a task's or a warning's message
};

/// Reads tags and lengths of a message that lies in slices; skips what they enclose.
class Walker {
 public:
  explicit Walker(const std::vector<grpc::Slice>& slices) : slices_(slices) {}

  size_t position() const { return position_; }

  std::optional<uint64_t> varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::optional<uint8_t> byte = next();
      if (!byte) return std::nullopt;
      value |= static_cast<uint64_t>(*byte & 0x7f) << shift;
      if ((*byte & 0x80) == 0) return value;
    }
    return std::nullopt;
  }

  void skip(size_t bytes) {
    position_ += bytes;
    offset_ += bytes;
    while (slice_ < slices_.size() && offset_ >= slices_[slice_].size()) {
      offset_ -= slices_[slice_].size();
      ++slice_;
    }
  }

 private:
  std::optional<uint8_t> next() {
    if (slice_ == slices_.size()) return std::nullopt;
    const uint8_t byte = slices_[slice_].begin()[offset_];
    skip(1);
    return byte;
  }

  const std::vector<grpc::Slice>& slices_;
  size_t slice_ = 0;
  size_t offset_ = 0;  // in that slice
  size_t position_ = 0;
};

constexpr uint64_t tag_of(uint32_t field) { return (uint64_t{field} << 3) | 2; }

/// Entries of the field `records` in a message Records of `size` bytes.
uint64_t count_entries(Walker& walker, size_t size) {
  uint64_t entries = 0;
  const size_t end = walker.position() + size;
  while (walker.position() < end) {
    const std::optional<uint64_t> tag = walker.varint();
    const std::optional<uint64_t> length = walker.varint();
    if (tag != tag_of(1) || !length) return entries;
    walker.skip(*length);
    ++entries;
  }
  return entries;
}

/// Through objects, all of them; returns false where the bytes are no message.
bool count_parsed(grpc::ByteBuffer& message, Counted& counted) {
  UpdateResponse parsed;
  if (!grpc::SerializationTraits<UpdateResponse>::Deserialize(&message, &parsed).ok()) return false;
  counted.records += static_cast<uint64_t>(parsed.records().records_size());
  if (parsed.has_checkpoint()) ++counted.checkpoints;
  if (parsed.has_record()) ++counted.records;
  if (parsed.has_task()) counted.problem = parsed.task().message();
  if (parsed.has_warning()) counted.problem = parsed.warning().message();
  return true;
}

void count(grpc::ByteBuffer& message, bool parse, Counted& counted) {
  ++counted.messages;
  counted.bytes += message.Length();
  if (parse) {
    if (!count_parsed(message, counted)) counted.problem = "a message that cannot be read";
    return;
  }
  std::vector<grpc::Slice> slices;
  (void)message.Dump(&slices);
  Walker walker(slices);
  const std::optional<uint64_t> tag = walker.varint();
  const std::optional<uint64_t> length = walker.varint();
  if (!tag || !length) return;
  if (*tag == tag_of(UpdateResponse::kRecordsFieldNumber)) {
    counted.records += count_entries(walker, *length);
    return;
  }
  count_parsed(message, counted);  // the rest is rare
}

using Configuration = std::map<std::string, std::string>;

/// All values of the file must be texts, as Fivetran hands them over; throws where they are not.
Configuration read_configuration(const std::string& path) {
  std::ifstream file(path);
  return nlohmann::json::parse(file).get<Configuration>();
}

/// Asks for the schema, as Fivetran does before each sync.
grpc::Status ask_schema(const std::shared_ptr<grpc::Channel>& channel,
                        const Configuration& configuration) {
  fivetran_sdk::v2::SchemaRequest request;
  request.mutable_configuration()->insert(configuration.begin(), configuration.end());
  fivetran_sdk::v2::SchemaResponse response;
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  return fivetran_sdk::v2::SourceConnector::NewStub(channel)->Schema(&context, request, &response);
}

/// In seconds of the call of Update.
struct Times {
  double first_row_s = 0;
  double wall_s = 0;
};

grpc::Status count_update(const CountOptions& options, const Configuration& configuration,
                          Counted& counted, Times& times) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  const auto channel =
      grpc::CreateCustomChannel(options.address, grpc::InsecureChannelCredentials(), arguments);
  if (const grpc::Status status = ask_schema(channel, configuration); !status.ok()) return status;
  UpdateRequest request;
  request.mutable_configuration()->insert(configuration.begin(), configuration.end());
  request.set_state_json("{}");
  grpc::ClientContext context;
  const grpc::internal::RpcMethod method("/fivetran_sdk.v2.SourceConnector/Update",
                                         grpc::internal::RpcMethod::SERVER_STREAMING);
  const auto before = std::chrono::steady_clock::now();
  const std::unique_ptr<grpc::ClientReader<grpc::ByteBuffer>> reader(
      grpc::internal::ClientReaderFactory<grpc::ByteBuffer>::Create(channel.get(), method, &context,
                                                                    request));
  const auto passed_s = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
  };
  grpc::ByteBuffer message;
  while (reader->Read(&message)) {
    count(message, options.parse, counted);
    // A TRUNCATE is the only record of its message.
    if (times.first_row_s == 0 && counted.records > 1) times.first_row_s = passed_s();
    if (options.pause_every_messages != 0 && counted.messages % options.pause_every_messages == 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(options.pause_ms));
  }
  grpc::Status status = reader->Finish();
  times.wall_s = passed_s();
  return status;
}

int run(int argc, char** argv) {
  CountOptions options;
  CLI::App app("Counts what a source connector sends, and prints one line of JSON");
  app.add_option("--address", options.address)->required();
  app.add_option("--configuration", options.configuration_file)->required();
  app.add_option("--pause-every-messages", options.pause_every_messages);
  app.add_option("--pause-ms", options.pause_ms);
  app.add_flag("--parse", options.parse, "make an object of every record, as Fivetran does");
  CLI11_PARSE(app, argc, argv);
  const Configuration configuration = read_configuration(options.configuration_file);
  Counted counted;
  Times times;
  const grpc::Status status = count_update(options, configuration, counted, times);
  fmt::print(
      "{{\"messages\": {}, \"bytes\": {}, \"records\": {}, \"checkpoints\": {}, "
      "\"first_row_s\": {:.3f}, \"wall_s\": {:.3f}, \"cpu_s\": {:.3f}}}\n",
      counted.messages, counted.bytes, counted.records, counted.checkpoints, times.first_row_s,
      times.wall_s, process_usage().cpu_seconds);
  if (!counted.problem.empty()) fmt::print(stderr, "count_records: {}\n", counted.problem);
  if (status.ok()) return 0;
  fmt::print(stderr, "count_records: {}\n", status.error_message());
  return 1;
}

}  // namespace
}  // namespace ringsync

int main(int argc, char** argv) {
  try {
    return ringsync::run(argc, argv);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "count_records: %s\n", problem.what());
    return 1;
  }
}
