"""The datasets there are. A new one: its file, and its name in the union below."""

from typing import Annotated

from lorvp.datasets.cifar import Cifar10Config, Cifar100Config
from lorvp.datasets.digits import DigitsConfig
from lorvp.datasets.dtd import DtdConfig
from lorvp.datasets.eurosat import EurosatConfig
from lorvp.datasets.flowers102 import Flowers102Config
from lorvp.datasets.folder import FolderConfig, FolderTestConfig
from lorvp.datasets.food101 import Food101Config
from lorvp.datasets.gtsrb import GtsrbConfig
from lorvp.datasets.huggingface import HuggingfaceConfig
from lorvp.datasets.imagenet import (
    ImagenetAConfig,
    ImagenetConfig,
    ImagenetRConfig,
    ImagenetSketchConfig,
    ImagenetV2Config,
)
from lorvp.datasets.letters import LettersConfig
from lorvp.datasets.oxford_pets import OxfordPetsConfig
from lorvp.datasets.stanford_cars import StanfordCarsConfig
from lorvp.datasets.sun397 import Sun397Config
from lorvp.datasets.svhn import SvhnConfig
from lorvp.datasets.tiny_imagenet import TinyImagenetConfig
from lorvp.datasets.ucf101 import Ucf101Config
from lorvp.settings import BY_KIND, OR_KIND_ALONE

DatasetConfig = Annotated[
    LettersConfig
    | DigitsConfig
    | Cifar10Config
    | Cifar100Config
    | SvhnConfig
    | GtsrbConfig
    | DtdConfig
    | Flowers102Config
    | Food101Config
    | EurosatConfig
    | OxfordPetsConfig
    | StanfordCarsConfig
    | Sun397Config
    | Ucf101Config
    | TinyImagenetConfig
    | ImagenetConfig
    | ImagenetRConfig
    | ImagenetAConfig
    | ImagenetSketchConfig
    | ImagenetV2Config
    | FolderConfig
    | FolderTestConfig
    | HuggingfaceConfig,
    BY_KIND,
    OR_KIND_ALONE,
]
