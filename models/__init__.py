"""Pose networks, one file for each published model.

A builder, such as `build_resnet`, returns a `keras.Model` that maps RGB images 0..255, shape (B, S, S, 3),
to named outputs. Backbone (`resnet`, `densenet`), neck (`NECKS`) and head are functions of their own. Each output form
has one file with its head, loss and decoding, and `FORMS` lists them: `coordinates` regresses one (x, y) point for each
joint, `likelihood` its standard deviations too; `heatmaps` gives each joint a map, `integral` a map whose expected
position is the joint, `simcc` a distribution along each axis. All give a score for each joint as well.
"""

from models.blocks import SCORES, named_layers, no_neck, pose_net
from models.cpm import build_cpm, build_cpm_light
from models.critic import build_critic, critic_loss, fooling_loss
from models.deeppose import build_deeppose, deeppose_form, deeppose_forward
from models.densenet import build_densenet, densenet
from models.depth import build_depth_resnet
from models.efficientnet_lite import build_efficientnet_lite, efficientnet_lite
from models.forms import FORMS, form_of, inference_model, inner_net, is_of_head, is_of_neck, own_name
from models.forms.bodies import BodyLoss, labeled_bodies, project
from models.forms.coordinates import coordinate_head, decode, decode_coordinates, encode
from models.forms.fields import encode_fields, encode_maps, field_head, field_loss, fields_form
from models.forms.heatmaps import decode_heatmaps, encode_heatmaps, heatmap_head, log_probabilities
from models.forms.integral import decode_integral, expected_coordinates, integral_head
from models.forms.likelihood import ResidualFlow, ResidualLikelihood, likelihood_head
from models.forms.losses import score_loss, visible_l1
from models.forms.output_form import Loss, OutputForm, Term
from models.forms.simcc import decode_simcc, encode_simcc, simcc_head
from models.googlenet import googlenet
from models.hmr import BodyValues, build_hmr, build_hmr_light, hmr_forward
from models.hourglass import build_hourglass, build_hourglass_light
from models.hrnet import build_hrnet, hrnet
from models.ief import build_ief, ief_form, ief_forward
from models.lifter import build_lifter, build_temporal_lifter
from models.mobilenet_v2 import build_mobilenet_v2, mobilenet_v2
from models.movenet import build_movenet, movenet, movenet_head, person_head
from models.necks import NECKS, deconv_neck, exchange_neck, narrow_neck, pyramid_neck
from models.normalization import FusedBatchNormalization, plain_copy
from models.openpose import build_openpose, build_openpose_fields_first
from models.openpose_light import build_openpose_light
from models.post_activation import post_activation_resnet
from models.resnet import basic_block, bottleneck_block, build_resnet, resnet
from models.searched import build_searched, mobilenet_v2_plan, plan_of, read_plan, searched
from models.simple_baseline import build_simple_baseline, plain_heatmap_head
from models.spatial_model import displacement_kernels
from models.tompson import build_tompson, tompson_form
from models.v2v import build_v2v
from pose.tasks import stages_of

__all__ = [
    "BodyLoss",
    "BodyValues",
    "FORMS",
    "NECKS",
    "SCORES",
    "FusedBatchNormalization",
    "Loss",
    "OutputForm",
    "ResidualFlow",
    "ResidualLikelihood",
    "Term",
    "basic_block",
    "bottleneck_block",
    "build_critic",
    "build_cpm",
    "build_cpm_light",
    "build_densenet",
    "build_efficientnet_lite",
    "build_hmr",
    "build_hmr_light",
    "build_hrnet",
    "build_hourglass",
    "build_hourglass_light",
    "build_deeppose",
    "build_depth_resnet",
    "build_ief",
    "build_lifter",
    "build_mobilenet_v2",
    "build_movenet",
    "build_openpose",
    "build_openpose_fields_first",
    "build_openpose_light",
    "build_resnet",
    "build_searched",
    "build_simple_baseline",
    "build_temporal_lifter",
    "build_tompson",
    "build_v2v",
    "coordinate_head",
    "critic_loss",
    "decode",
    "decode_coordinates",
    "decode_heatmaps",
    "decode_integral",
    "decode_simcc",
    "deconv_neck",
    "deeppose_form",
    "deeppose_forward",
    "densenet",
    "displacement_kernels",
    "efficientnet_lite",
    "encode",
    "encode_fields",
    "encode_heatmaps",
    "encode_maps",
    "encode_simcc",
    "exchange_neck",
    "expected_coordinates",
    "field_head",
    "field_loss",
    "fields_form",
    "fooling_loss",
    "form_of",
    "googlenet",
    "heatmap_head",
    "hmr_forward",
    "hrnet",
    "ief_form",
    "ief_forward",
    "inference_model",
    "inner_net",
    "is_of_head",
    "is_of_neck",
    "integral_head",
    "labeled_bodies",
    "likelihood_head",
    "log_probabilities",
    "mobilenet_v2",
    "mobilenet_v2_plan",
    "movenet",
    "movenet_head",
    "person_head",
    "own_name",
    "named_layers",
    "narrow_neck",
    "no_neck",
    "plain_copy",
    "plan_of",
    "plain_heatmap_head",
    "pose_net",
    "project",
    "post_activation_resnet",
    "pyramid_neck",
    "read_plan",
    "resnet",
    "score_loss",
    "searched",
    "simcc_head",
    "stages_of",
    "tompson_form",
    "visible_l1",
]
