"""All datasets. A new one needs a file here, and its name in the union below."""

from typing import Annotated

from lorvp.datasets.adapters.birds import Cub200Config, NabirdsConfig
from lorvp.datasets.adapters.caltech101 import Caltech101Config
from lorvp.datasets.adapters.cifar import Cifar10Config, Cifar100Config
from lorvp.datasets.adapters.digits import DigitsConfig
from lorvp.datasets.adapters.dtd import DtdConfig
from lorvp.datasets.adapters.eurosat import EurosatConfig
from lorvp.datasets.adapters.fgvc_aircraft import FgvcAircraftConfig
from lorvp.datasets.adapters.flowers102 import Flowers102Config
from lorvp.datasets.adapters.folder import FolderConfig, FolderTestConfig
from lorvp.datasets.adapters.food101 import Food101Config
from lorvp.datasets.adapters.gtsrb import GtsrbConfig
from lorvp.datasets.adapters.huggingface import HuggingfaceConfig
from lorvp.datasets.adapters.imagenet import (
    ImagenetAConfig,
    ImagenetConfig,
    ImagenetRConfig,
    ImagenetSketchConfig,
    ImagenetV2Config,
)
from lorvp.datasets.adapters.letters import LettersConfig
from lorvp.datasets.adapters.oxford_pets import OxfordPetsConfig
from lorvp.datasets.adapters.resisc45 import Resisc45Config
from lorvp.datasets.adapters.stanford_cars import StanfordCarsConfig
from lorvp.datasets.adapters.stanford_dogs import StanfordDogsConfig
from lorvp.datasets.adapters.sun397 import Sun397Config
from lorvp.datasets.adapters.svhn import SvhnConfig
from lorvp.datasets.adapters.tiny_imagenet import TinyImagenetConfig
from lorvp.datasets.adapters.ucf101 import Ucf101Config
from lorvp.datasets.adapters.vtab import VtabConfig
from lorvp.plugins.kinds import by_kind
from lorvp.settings import OR_KIND_ALONE

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
    | Caltech101Config
    | FgvcAircraftConfig
    | Resisc45Config
    | Cub200Config
    | NabirdsConfig
    | StanfordDogsConfig
    | VtabConfig
    | TinyImagenetConfig
    | ImagenetConfig
    | ImagenetRConfig
    | ImagenetAConfig
    | ImagenetSketchConfig
    | ImagenetV2Config
    | FolderConfig
    | FolderTestConfig
    | HuggingfaceConfig,
    by_kind("lorvp.datasets"),
    OR_KIND_ALONE,
]
