// Tables A and B, drawn from the code itself: each cell is what Advance did with a sample session
// in that state and a sample event. Printed by `lyceum fsm`.
//
//   =          stays in its state             L{tool}    locked, with this tool called
//   -> state   goes there                     R code     answered with this error
//   WAIT       answered wait, written down    end call   the pending call is ended by this
//   cancel     the pending call is ended, and its worker told
#pragma once

#include <string>
#include <vector>

#include "tutor/session.h"

namespace lyceum::tutor {

enum class TableFormat { kMarkdown, kDot, kMermaid };

std::string RenderTables(TableFormat format);

// The cells, for those who want to look at them one by one.
struct TableCell {
  std::string row;  // "user.hint", or "check_answer: correct" in table B.
  StateName from = StateName::kExposition;
  StateName to = StateName::kExposition;
  std::string text;  // In the legend above.
};
std::vector<TableCell> TableA();  // Rows in the order of fsm, the nine states of each in theirs.
std::vector<TableCell> TableB();  // From the lock.

}  // namespace lyceum::tutor
