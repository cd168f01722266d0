#include "training_search_answer.hpp"

#include "dsplan/base/error.hpp"
#include "dsplan/report/training_search_report.hpp"

#include "cost_request.hpp"
#include "deployment_request.hpp"
#include "training_request.hpp"

namespace dsplan::cli {
namespace {

const catalog::Link* link_of(const CommandContext& context, std::string_view option) {
  const auto name = context.inputs.text(option);
  return name ? context.catalog.resolve<catalog::Link>(*name).entry : nullptr;
}

/// GPUs by --gpus, or by --nodes of so many each; one when nothing was said.
std::int64_t gpus_of(const Inputs& in) {
  const std::int64_t by_nodes =
      in.count("nodes").value_or(1) * in.count("gpus-per-node").value_or(in.has("nodes") ? 8 : 1);
  return in.count("gpus").value_or(by_nodes);
}

plan::TrainingSearchRequest request_of(const CommandContext& context,
                                       const ModelSource& source,
                                       workload::Method method) {
  const Inputs& in = context.inputs;
  plan::TrainingSearchRequest r;
  r.base = training_request(in, source.choice, method);
  r.gpus = gpus_of(in);
  r.tensor_across_nodes = r.base.tp.has_value();
  r.speed.link = link_of(context, "link");
  r.speed.network = link_of(context, "network");
  if (const auto tokens = in.count("tokens"))
    r.speed.tokens_to_train = static_cast<double>(*tokens);
  r.rent = cost_request(in).rent;
  r.most = static_cast<std::size_t>(in.count("top").value_or(5));
  r.jobs = in.count("jobs").value_or(1);
  return r;
}

std::string subject_of(const plan::TrainingDeployment& d, std::int64_t gpus) {
  const workload::Training& t = d.training;
  return std::string(t.model->id) + " on " + std::to_string(gpus) + " x " + std::string(d.gpu->id) +
         ", " + std::string(t.framework->id) + ", " + std::to_string(t.global_batch) +
         " sequences of " + std::to_string(t.seq_len) + " tokens a step";
}

}  // namespace

report::Answer training_search_answer(const CommandContext& context, workload::Method method) {
  const ModelSource source = model_of(context);
  const plan::TrainingSearchRequest request = request_of(context, source, method);
  if (!request.base.gpu)
    throw Error(ErrorCode::usage, "a search for training plans needs a GPU", "say --gpu");
  const plan::TrainingDeployment base = plan::training_search_base(context.catalog, request);
  report::Answer answer;
  answer.inputs = used_inputs(context.inputs);
  add_notes(answer, base, source);
  plan::TrainingSearchAnswer found = plan::training_search(context.catalog, request);
  answer.stats =
      std::to_string(found.evaluated) + " evaluated, " + std::to_string(found.valid) + " valid";
  report::report_training_search(answer, std::move(found), subject_of(base, request.gpus));
  return answer;
}

}  // namespace dsplan::cli
