// Overloaded: one visitor made of several lambdas, for std::visit.
#pragma once

namespace lyceum {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

}  // namespace lyceum
