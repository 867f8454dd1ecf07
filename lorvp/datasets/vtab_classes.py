"""Names of the classes of VTAB-1k's tasks, whose lists have labels alone.

Labels count as in TensorFlow Datasets, from which the lists were made. The structured tasks count,
measure or locate, and their names are our words. SUN397's 397 scenes are numbered.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def _words(text: str) -> list[str]:
    """Names with ``_`` between their words."""
    return [name.replace("_", " ") for name in text.split()]


CALTECH = """
accordion airplane anchor ant background barrel bass beaver binocular bonsai brain brontosaurus
buddha butterfly camera cannon car_side ceiling_fan cellphone chair chandelier cougar_body
cougar_face crab crayfish crocodile crocodile_head cup dalmatian dollar_bill dolphin dragonfly
electric_guitar elephant emu euphonium ewer face face_cut_out ferry flamingo flamingo_head garfield
gerenuk gramophone grand_piano hawksbill headphone hedgehog helicopter ibis inline_skate
joshua_tree kangaroo ketch lamp laptop leopard llama lobster lotus mandolin mayfly menorah metronome
minaret motorbike nautilus octopus okapi pagoda panda pigeon pizza platypus pyramid revolver rhino
rooster saxophone schooner scissors scorpion sea_horse snoopy soccer_ball stapler starfish
stegosaurus stop_sign strawberry sunflower tick trilobite umbrella watch water_lilly wheelchair
wild_cat windsor_chair wrench yin_yang
"""
CIFAR = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly
camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup
dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower
leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid
otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray
road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
wardrobe whale willow_tree wolf woman worm
"""
DTD = """
banded blotchy braided bubbly bumpy chequered cobwebbed cracked crosshatched crystalline dotted
fibrous flecked freckled frilly gauzy grid grooved honeycombed interlaced knitted lacelike lined
marbled matted meshed paisley perforated pitted pleated polka-dotted porous potholed scaly smeared
spiralled sprinkled stained stratified striped studded swirly veined waffled woven wrinkled
zigzagged
"""
PETS = """
Abyssinian American_Bulldog American_Pit_Bull_Terrier Basset_Hound Beagle Bengal Birman Bombay Boxer
British_Shorthair Chihuahua Egyptian_Mau English_Cocker_Spaniel English_Setter German_Shorthaired
Great_Pyrenees Havanese Japanese_Chin Keeshond Leonberger Maine_Coon Miniature_Pinscher Newfoundland
Persian Pomeranian Pug Ragdoll Russian_Blue Saint_Bernard Samoyed Scottish_Terrier Shiba_Inu Siamese
Sphynx Staffordshire_Bull_Terrier Wheaten_Terrier Yorkshire_Terrier
"""
EUROSAT = """
Annual_Crop Forest Herbaceous_Vegetation Highway Industrial Pasture Permanent_Crop Residential River
Sea_Lake
"""
RESISC45 = """
airplane airport baseball_diamond basketball_court beach bridge chaparral church circular_farmland
cloud commercial_area dense_residential desert forest freeway golf_course ground_track_field harbor
industrial_area intersection island lake meadow medium_residential mobile_home_park mountain
overpass palace parking_lot railway railway_station rectangular_farmland river roundabout runway
sea_ice ship snowberg sparse_residential stadium storage_tank tennis_court terrace
thermal_power_station wetland
"""
RETINOPATHY = ["no", "mild", "moderate", "severe", "proliferative"]
LENGTHS = ["0", "8", "8.5", "9", "9.5", "10", "100"]
"""Bounds of clevr_dist's classes."""


def class_names(task: str) -> Sequence[str]:
    """The names of a task's classes, in the order of its labels."""
    if task == "oxford_flowers102":
        from torchvision.datasets import Flowers102  # 4 s: imported where files are really read

        return list(Flowers102.classes)
    return NAMES[task]


NAMES: dict[str, Sequence[str]] = {
    "caltech101": _words(CALTECH),
    "cifar": _words(CIFAR),
    "dtd": _words(DTD),
    "oxford_iiit_pet": _words(PETS),
    "svhn": [str(digit) for digit in range(10)],
    "sun397": [f"scene {number}" for number in range(397)],
    "patch_camelyon": ["normal lymph node tissue", "lymph node metastasis"],
    "eurosat": _words(EUROSAT),
    "resisc45": _words(RESISC45),
    "diabetic_retinopathy": [f"{degree} diabetic retinopathy" for degree in RETINOPATHY],
    "clevr_count": [f"{number} objects" for number in range(3, 11)],
    "clevr_dist": [f"nearest object at {a} to {b}" for a, b in pairwise(LENGTHS)],
    "dmlab": [
        f"{place} object with {sign} reward"
        for place in ("close", "far", "very far")
        for sign in ("positive", "negative")
    ],
    "kitti": ["vehicle beside me", "vehicle nearby", "vehicle in the distance", "no vehicle"],
    "dsprites_loc": [f"column {number} of 16" for number in range(1, 17)],
    "dsprites_ori": [f"turn {number} of 16" for number in range(1, 17)],
    "smallnorb_azi": [f"seen from {degrees} degrees" for degrees in range(0, 360, 20)],
    "smallnorb_ele": [f"seen from {degrees} degrees above" for degrees in range(30, 75, 5)],
}
