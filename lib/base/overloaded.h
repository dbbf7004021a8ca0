// One visitor of a variant, made of a lambda for each alternative.
#pragma once

namespace lyceum {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

}  // namespace lyceum
