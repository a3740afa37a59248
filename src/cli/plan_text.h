// The preview of a sync as a text for people and a JSON document for programs. Pure.
#pragma once

#include <string>
#include <vector>

#include "sync/preview.h"

namespace ringsync {

/// A paragraph for each table.
std::string plan_text(const std::vector<TablePreview>& previews);

/// The same as one JSON object, docs/plan.md.
std::string plan_json(const std::vector<TablePreview>& previews);

}  // namespace ringsync
