#include "tool_worker/figures.h"

#include <string>
#include <vector>

#include "base/clock.h"
#include "tool_worker/providers.h"
#include "tutor/names.h"
#include "worker/worker.h"

namespace lyceum::tool_worker {
namespace {

using worker::Metric;

constexpr double kMsPerSecond = 1e3;

void AddFunctionFigures(const toolhost::FunctionCaller::Figures& functions,
                        std::vector<Metric>* out) {
  const auto figure = [](uint64_t value) { return static_cast<double>(value); };
  for (size_t i = 0; i < functions.by_outcome.size(); ++i) {
    const auto outcome = static_cast<toolhost::FunctionOutcome>(i);
    out->push_back({"lyceum_function_calls_total",
                    "Functions that language models wished to call, by what came of it",
                    figure(functions.by_outcome[i]),
                    true,
                    {{"outcome", std::string(Name(outcome))}}});
  }
  out->push_back({"lyceum_function_argument_bytes_total", "Arguments of functions",
                  figure(functions.argument_bytes)});
  out->push_back({"lyceum_function_result_bytes_total", "Results of functions",
                  figure(functions.result_bytes)});
  out->push_back({"lyceum_function_latency_seconds_total", "Seconds that functions took",
                  figure(functions.latency_ms) / kMsPerSecond});
}

void AddCounters(const toolhost::HostCounters& counters, size_t slots, std::vector<Metric>* out) {
  const auto figure = [](auto value) { return static_cast<double>(value); };
  const std::vector<Metric> all = {
      {"lyceum_calls_accepted_total", "Requests accepted", figure(counters.accepted)},
      {"lyceum_calls_busy_total", "Requests answered busy", figure(counters.busy)},
      {"lyceum_calls_repeated_total", "Requests that were known already",
       figure(counters.repeated)},
      {"lyceum_calls_cancelled_total", "Requests cancelled", figure(counters.cancelled)},
      {"lyceum_results_total", "Results sent", figure(counters.results)},
      {"lyceum_result_errors_total", "Results that were errors", figure(counters.errors)},
      {"lyceum_results_late_total", "Results after their deadline", figure(counters.late)},
      {"lyceum_results_degraded_total", "Results of something simpler than a language model",
       figure(counters.degraded)},
      {"lyceum_results_given_up_total", "Results that no stream took", figure(counters.given_up)},
      {"lyceum_results_refused_total", "Results that a session worker could not use",
       figure(counters.results_refused)},
      {"lyceum_requests_unreadable_total", "Requests without a readable id",
       figure(counters.unreadable)},
      {"lyceum_requests_stale_total", "Requests dropped after the process had stood still",
       figure(counters.stale)},
      {"lyceum_deltas_total", "Pieces of text streamed to clients", figure(counters.deltas)},
      {"lyceum_deltas_lost_total", "Pieces of text that could not be sent",
       figure(counters.deltas_lost)},
      {"lyceum_retracts_total", "Times that streamed text was taken back",
       figure(counters.retracts)},
      {"lyceum_heartbeat_late_max_seconds", "How late a heartbeat was at most",
       figure(counters.heartbeat_late_ms_max) / kMsPerSecond, false},
      {"lyceum_slots", "Calls that may run at once", figure(slots), false},
      {"lyceum_slots_busy", "Calls that run", figure(counters.busy_slots), false},
      {"lyceum_results_unacked", "Results that are not stored yet", figure(counters.unacked),
       false},
  };
  out->insert(out->end(), all.begin(), all.end());
}

}  // namespace

worker::FigureServer::Sources SourcesOf(const toolhost::ToolWorker& running,
                                        const toolhost::HostTimes& times, size_t slots,
                                        const models::Models& models,
                                        const toolhost::FunctionCaller* functions) {
  const auto figures = [&running, &times, slots, &models, functions] {
    std::vector<Metric> out;
    AddCounters(running.counters(), slots, &out);
    out.push_back({"lyceum_nats_connected", "1: connected to NATS",
                   running.state().connected ? 1.0 : 0.0, false});
    out.push_back({"lyceum_nats_errors_total",
                   "What NATS refused: see the permissions of this role",
                   static_cast<double>(running.async_errors())});
    for (size_t i = 0; i < times.run.size(); ++i) {
      out.push_back(worker::HistogramOf(
          "lyceum_tool_run_seconds", "From a request to its result", times.run[i].values(),
          {{"tool", std::string(tutor::Name(static_cast<tutor::Tool>(i)))}}));
    }
    out.push_back(worker::HistogramOf("lyceum_first_delta_seconds",
                                      "From a request to the first text of it for the learner",
                                      times.first_delta.values()));
    for (Metric& metric : ProviderFigures(models)) out.push_back(std::move(metric));
    if (functions != nullptr) AddFunctionFigures(functions->figures(), &out);
    return out;
  };
  const auto not_ready = [&running] {
    std::vector<std::string> why;
    const toolhost::ToolWorker::State state = running.state();
    if (!state.connected) {
      why.push_back("no connection to NATS" +
                    (state.connect_error.empty() ? "" : ": " + state.connect_error));
    }
    if (state.draining) why.push_back("draining: no new calls");
    return why;
  };
  const auto still_ms = [&running] { return SystemClock().SteadyMs() - running.state().turned_ms; };
  return {.figures = figures,
          .not_live = [still_ms] { return worker::WhyNotLive(still_ms()); },
          .not_ready = not_ready,
          .still_ms = still_ms};
}

}  // namespace lyceum::tool_worker
