// Memory of one step beside weights and cache, on one GPU of a stage.
//
//   [A-STEP]    engines that profile a step of T tokens and S sampled sequences:
//               fixed + hand-over + max(body, logits), with
//               body   = T b (c_mlp width / tp + c_hidden h) + experts' workspace
//               logits = S V (b + c_logits) + T h b + experts' workspace, on the last stage, whole
//               on
//                        every tensor-parallel rank
//               experts' workspace = T k b (max(f, h) + max(2 f, h)), f the expert's width on a
//               rank
//   [A-PROMPT]  engines that run whole prompts and grow the cache: T b (3 width + 4 h), less what
//   the
//               cache will still grow by, since the two peaks come at different times
//   [A-GRAPH]   llama.cpp: see compute_graph.hpp
//
// b is the width of a value in computation. Source: start-up logs of vLLM 0.11 to 0.19 and
// transformers' peaks, docs/accuracy.md.
#pragma once

#include "dsplan/base/units.hpp"
#include "dsplan/estimate/stage.hpp"
#include "dsplan/workload/inference.hpp"

namespace dsplan::estimate {

/// Whole bytes. `cache_growth`: what the KV cache gains after the prompts are in.
[[nodiscard]] Bytes activations(const workload::Inference& w,
                                const Stage& stage,
                                const workload::StepLimits& limits,
                                Bytes cache_growth);

}  // namespace dsplan::estimate
