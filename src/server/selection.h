// The tables and columns that a request selects, applied to what the keyspace has.
// Thread rule: plain values.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/table.h"
#include "proto/source_connector.pb.h"

namespace ringsync {

class RequestSelection {
 public:
  /// Everything.
  RequestSelection() = default;

  /// Error kSelection where it is of tables in schemas, which this connector has not.
  static Result<RequestSelection> read(const fivetran_sdk::v2::UpdateRequest& request);

  /// Of the tables `found`, those that are selected; tables that the selection does not know are so
  /// where it includes new ones.
  std::vector<std::string> tables(const std::vector<std::string>& found) const;

  /// Tables that are selected, but not among those `found`.
  std::vector<std::string> missing(const std::vector<std::string>& found) const;

  /// Columns of a selected table that are not selected. Where the selection names no column of the
  /// table at all, all are. Those of the primary key are never left out.
  std::vector<std::string> left_out(const Table& table) const;

  /// Columns of the primary key that are deselected by name.
  std::vector<std::string> deselected_keys(const Table& table) const;

  /// Columns of a table that are selected, but that it does not have.
  std::vector<std::string> missing_columns(const Table& table) const;

 private:
  struct TableChoice {
    bool included = false;
    std::map<std::string, bool> columns;  // whether they are selected
    bool include_new_columns = true;
  };

  const TableChoice* choice_of(const std::string& table) const;

  std::map<std::string, TableChoice> tables_;
  bool include_new_tables_ = true;
};

}  // namespace ringsync
