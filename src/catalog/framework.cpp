#include "dsplan/catalog/framework.hpp"

#include <array>

namespace dsplan::catalog {
namespace {

constexpr std::array<std::string_view, 4> kShardings{"none", "zero1", "zero2", "zero3"};
constexpr std::array<std::string_view, 2> kSelective{"attention", "matrices"};
constexpr std::array<std::string_view, 3> kAttention{"vendor", "flash", "early"};
constexpr std::array<std::string_view, 3> kRecompute{"none", "selective", "full"};

using F = Framework;

constexpr std::array kFields{
    Field<F>{"id", "catalog id", &F::id, true},
    Field<F>{"name", "as published", &F::name, true},
    Field<F>{"aliases", "other names that mean this entry", &F::aliases},
    Field<F>{"generic", "constants borrowed from another framework", &F::generic},
    Field<F>{"weight_bytes", "of the weights kept, per parameter", &F::weight_bytes},
    Field<F>{"gradient_bytes", "of all gradient buffers, per parameter", &F::gradient_bytes},
    Field<F>{"bf16_gradient_bytes", "where bf16 differs from fp16", &F::bf16_gradient_bytes},
    Field<F>{"fp8_gradient_bytes", "where fp8 recipes differ", &F::fp8_gradient_bytes},
    Field<F>{"master_weights", "an fp32 copy beside 16-bit weights", &F::master_weights},
    Field<F>{
        "sharding", "of full training over data-parallel ranks", &F::sharding, true, kShardings},
    Field<F>{"zero_most", "highest ZeRO stage it has", &F::zero_most},
    Field<F>{"zero_most_in_pipeline", "the same with pipeline stages", &F::zero_most_in_pipeline},
    Field<F>{"optimizer", "the usual optimizer", &F::optimizer, true},
    Field<F>{"one_gpu_optimizer", "of its recipe for one GPU", &F::one_gpu_optimizer},
    Field<F>{"one_gpu_optimizer_in_backward",
             "that recipe updates each gradient as it comes",
             &F::one_gpu_optimizer_in_backward},
    Field<F>{"model_parallel", "its users split layers over GPUs (tp, pp)", &F::model_parallel},
    Field<F>{"sequence_parallel", "beside tensor parallelism", &F::sequence_parallel},
    Field<F>{"flash_attention", "attention scores are not kept", &F::flash_attention},
    Field<F>{"adapter_bytes", "of an adapter's weights and of its gradients", &F::adapter_bytes},
    Field<F>{
        "shards_frozen_weights", "sharding spreads the frozen base", &F::shards_frozen_weights},
    Field<F>{"recompute_when_sharded",
             "sharded fine-tuning always recomputes whole layers",
             &F::recompute_when_sharded},
    Field<F>{"widens_unquantized",
             "4-bit bases keep embedding and head in fp32",
             &F::widens_unquantized},
    Field<F>{"quantized_activation_factor",
             "activations over a 4-bit base, of those over 16 bits",
             &F::quantized_activation_factor},
    Field<F>{"kept_norm_bytes", "by both RMSNorms of a layer", &F::kept_norm_bytes},
    Field<F>{"kept_norm_trained_bytes", "more when the norms train", &F::kept_norm_trained_bytes},
    Field<F>{"kept_layer_norm_bytes", "by both LayerNorms of a layer", &F::kept_layer_norm_bytes},
    Field<F>{"kept_gate_bytes", "by the gated activation function", &F::kept_gate_bytes},
    Field<F>{"kept_dropout_bytes", "by dropout, of the hidden width", &F::kept_dropout_bytes},
    Field<F>{"expands_kv_heads", "repeats keys and values for all heads", &F::expands_kv_heads},
    Field<F>{"fp8_inputs", "fp8 runs keep inputs of matrices in 8 bits", &F::fp8_inputs},
    Field<F>{"recompute_inputs_on_host",
             "full recomputation keeps layer inputs on the host",
             &F::recompute_inputs_on_host},
    Field<F>{"selective", "what selective recomputation is", &F::selective, true, kSelective},
    Field<F>{"recompute", "what the usual recipe recomputes", &F::recompute, false, kRecompute},
    Field<F>{"logits_bytes", "per token and vocabulary entry", &F::logits_bytes},
    Field<F>{"fused_logits_bytes", "with a fused or compiled loss", &F::fused_logits_bytes},
    Field<F>{"fused_loss", "the usual recipe fuses the loss", &F::fused_loss},
    Field<F>{"gathers_ends", "embedding and head stay gathered", &F::gathers_ends},
    Field<F>{"pipeline_keeps_gathered",
             "pipeline stages stay gathered, with their gradients",
             &F::pipeline_keeps_gathered},
    Field<F>{"workspace_mib", "matrix and first-step buffers", &F::workspace_mib},
    Field<F>{"reserved_ratio", "held by the allocator, of the peak", &F::reserved_ratio},
    Field<F>{"reserved_p90_ratio", "the same, in the worst of ten runs", &F::reserved_p90_ratio},
    Field<F>{"context_mib", "device context, libraries, communicators", &F::context_mib},
    Field<F>{"time_factor", "on all operations of its own", &F::time_factor},
    Field<F>{"attention_kernels",
             "which attention kernels it runs",
             &F::attention_kernels,
             false,
             kAttention},
    Field<F>{"elementwise_traffic", "of the bytes counted", &F::elementwise_traffic},
    Field<F>{"eager_elementwise_traffic",
             "the same where a run is not compiled",
             &F::eager_elementwise_traffic},
    Field<F>{"tp_exposed", "time of tensor-parallel traffic that shows", &F::tp_exposed},
    Field<F>{"async_tensor_parallel",
             "a switch that hides more of it than tp_exposed says",
             &F::async_tensor_parallel},
    Field<F>{"cp_exposed", "of context-parallel traffic", &F::cp_exposed},
    Field<F>{"pp_exposed", "of traffic between pipeline stages", &F::pp_exposed},
    Field<F>{"ep_link_exposed", "of experts' traffic within the fast link", &F::ep_link_exposed},
    Field<F>{"ep_network_exposed", "of experts' traffic between nodes", &F::ep_network_exposed},
    Field<F>{"fsdp_exposed", "of gathering sharded weights", &F::fsdp_exposed},
    Field<F>{"dp_exposed", "of reducing gradients, at least", &F::dp_exposed},
    Field<F>{"dp_hidden_by", "share of a micro-batch that hides it", &F::dp_hidden_by},
    Field<F>{"reduced_gradient_bytes", "sent per parameter", &F::reduced_gradient_bytes},
    Field<F>{"bucket_parameters", "whose gradients go in one message", &F::bucket_parameters},
    Field<F>{"flat_rings", "gathers use one port, not all of a node's", &F::flat_rings},
    Field<F>{"layer_host_us", "a layer and micro-batch", &F::layer_host_us},
    Field<F>{"moe_layer_host_us", "the same of a layer with experts", &F::moe_layer_host_us},
    Field<F>{"layer_launch_us", "least time of a layer and micro-batch", &F::layer_launch_us},
    Field<F>{"variant_of", "entry whose name tables give these runs", &F::variant_of},
    Field<F>{"variant_format", "precision that tells them apart", &F::variant_format},
    Field<F>{"dense_low", "80 % band of measured over predicted speed", &F::dense_low},
    Field<F>{"dense_high", "its upper end", &F::dense_high},
    Field<F>{"moe_low", "the same of models with experts", &F::moe_low},
    Field<F>{"moe_high", "its upper end", &F::moe_high},
    Field<F>{"traps", "what people get wrong about it", &F::traps},
    Field<F>{"sources", "where the figures come from", &F::sources, true},
};

}  // namespace

template <>
std::span<const Field<Framework>> fields_of<Framework>() {
  return kFields;
}
template <>
KindName kind_of<Framework>() {
  return {"framework", "frameworks"};
}

}  // namespace dsplan::catalog
