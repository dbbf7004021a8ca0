// DeltaText: which piece of a text goes out when, while the text is being made.
//
// The first piece at once, then one per beat with all that has come since. Pieces are cut between
// characters, and numbered by the bytes before them. Pure: it is told the time. Bounded: of one
// text kToolTextBytesMax bytes go out, the rest is left to the final message.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace lyceum::toolhost {

class DeltaText {
 public:
  static constexpr std::chrono::milliseconds kBeat{30};

  struct Piece {
    uint32_t offset = 0;
    std::string text;
  };
  void Add(std::string_view text);
  // When the next piece is due. Empty: nothing waits.
  std::optional<Deadline> due() const;
  // What is due now.
  std::optional<Piece> Take(Deadline now);
  // What waits, due or not: the text is whole.
  std::optional<Piece> TakeRest();
  // Begins anew. True: something has gone out, and has to be taken back.
  bool Retract();

 private:
  std::optional<Piece> Cut();

  std::string waiting_;
  uint32_t sent_ = 0;  // Bytes of this text.
  Deadline next_{};    // Not before.
};

}  // namespace lyceum::toolhost
