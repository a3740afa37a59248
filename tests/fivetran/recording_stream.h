// A client of the Update stream in memory: keeps each message and decodes it with the classes that
// protobuf's compiler made of the contract.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "proto/source_connector.pb.h"
#include "sink/fivetran/wire_message.h"

namespace ringsync::testing {

namespace sdk = fivetran_sdk::v2;

class RecordingStream final : public WireStream {
 public:
  /// After so many messages the call is over.
  explicit RecordingStream(std::optional<size_t> messages_max = {}) : messages_max_(messages_max) {}

  Status write(WireMessage message) override {
    if (messages_max_ && messages_.size() >= *messages_max_) {
      return Error{ErrorCode::kCancelled, "the call is over"};
    }
    std::string bytes = message.head;
    for (const WireSlice& part : message.parts) bytes += as_text(part.bytes);
    slices_max_ = std::max(slices_max_, message.parts.size());
    messages_.push_back(std::move(bytes));
    return {};
  }

  const std::vector<std::string>& messages() const { return messages_; }
  size_t slices_max() const { return slices_max_; }

  /// Every message, decoded.
  std::vector<sdk::UpdateResponse> decoded() const {
    std::vector<sdk::UpdateResponse> all;
    for (const std::string& bytes : messages_) {
      if (!all.emplace_back().ParseFromString(bytes)) {
        throw std::runtime_error("a message does not parse");
      }
    }
    return all;
  }

 private:
  std::optional<size_t> messages_max_;
  std::vector<std::string> messages_;
  size_t slices_max_ = 0;
};

}  // namespace ringsync::testing
