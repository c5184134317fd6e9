"""Small nets on depth images, one of each form."""

from depth_people import SIZE, SKELETON

from models import build_depth_resnet, build_v2v
from models.forms import DEPTH_FORMS


def nets():
    """Form and net, by the form's name."""
    joints, found = SKELETON.num_joints, {}
    for name, form in DEPTH_FORMS.items():
        if name == "volumes":
            found[name] = form, build_v2v(joints, cells=4, width=0.25, input_size=SIZE)
        else:
            found[name] = form, build_depth_resnet(joints, depth=10, width=8, input_size=SIZE, head=form.head)
    return found
