#include "server/selection.h"

#include <algorithm>

#include "sink/fivetran/fivetran_names.h"

namespace ringsync {
namespace {

/// The entry for `name`, or, since the selection may hold names as Fivetran writes them, the one
/// for a name that is the same there.
template <typename Value>
const Value* entry_for(const std::map<std::string, Value>& entries, const std::string& name,
                       NameOf what) {
  if (const auto exact = entries.find(name); exact != entries.end()) return &exact->second;
  const auto normalised = entries.find(fivetran_name(name, what));
  return normalised == entries.end() ? nullptr : &normalised->second;
}

bool is_among(const std::vector<std::string>& found, const std::string& name, NameOf what) {
  return std::ranges::any_of(found, [&](const std::string& other) {
    return other == name || fivetran_name(other, what) == name;
  });
}

}  // namespace

Result<RequestSelection> RequestSelection::read(const fivetran_sdk::v2::UpdateRequest& request) {
  RequestSelection selection;
  if (!request.has_selection()) return selection;
  if (request.selection().has_with_schema()) {
    return Error{ErrorCode::kSelection,
                 "the selection is of tables in schemas; this connector's tables have none, as its "
                 "answer to Schema says: send `without_schema`"};
  }
  if (!request.selection().has_without_schema()) return selection;
  const auto& tables = request.selection().without_schema();
  selection.include_new_tables_ = tables.include_new_tables();
  for (const auto& table : tables.tables()) {
    selection.tables_[table.table_name()] = {table.included(),
                                             {table.columns().begin(), table.columns().end()},
                                             table.include_new_columns()};
  }
  return selection;
}

const RequestSelection::TableChoice* RequestSelection::choice_of(const std::string& table) const {
  return entry_for(tables_, table, NameOf::kTable);
}

std::vector<std::string> RequestSelection::tables(const std::vector<std::string>& found) const {
  std::vector<std::string> selected;
  for (const std::string& table : found) {
    const TableChoice* const choice = choice_of(table);
    if (choice != nullptr ? choice->included : include_new_tables_) selected.push_back(table);
  }
  return selected;
}

std::vector<std::string> RequestSelection::missing(const std::vector<std::string>& found) const {
  std::vector<std::string> missing;
  for (const auto& [table, choice] : tables_) {
    if (choice.included && !is_among(found, table, NameOf::kTable)) missing.push_back(table);
  }
  return missing;
}

std::vector<std::string> RequestSelection::left_out(const Table& table) const {
  const TableChoice* const choice = choice_of(table.name);
  if (choice == nullptr || choice->columns.empty()) return {};
  std::vector<std::string> names;
  for (size_t i = table.primary_key_count; i < table.columns.size(); ++i) {
    const std::string& name = table.columns[i].name;
    const bool* const selected = entry_for(choice->columns, name, NameOf::kColumn);
    if (!(selected != nullptr ? *selected : choice->include_new_columns)) names.push_back(name);
  }
  return names;
}

std::vector<std::string> RequestSelection::deselected_keys(const Table& table) const {
  const TableChoice* const choice = choice_of(table.name);
  if (choice == nullptr) return {};
  std::vector<std::string> names;
  for (size_t i = 0; i < table.primary_key_count; ++i) {
    const std::string& name = table.columns[i].name;
    const bool* const selected = entry_for(choice->columns, name, NameOf::kColumn);
    if (selected != nullptr && !*selected) names.push_back(name);
  }
  return names;
}

std::vector<std::string> RequestSelection::missing_columns(const Table& table) const {
  const TableChoice* const choice = choice_of(table.name);
  if (choice == nullptr) return {};
  std::vector<std::string> found;
  for (const Column& column : table.columns) found.push_back(column.name);
  std::vector<std::string> missing;
  for (const auto& [column, selected] : choice->columns) {
    if (selected && !is_among(found, column, NameOf::kColumn)) missing.push_back(column);
  }
  return missing;
}

}  // namespace ringsync
