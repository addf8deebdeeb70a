import Argmin
