"""`python -m fieldline.catalogue`: the page of metrics, for `make docs`."""

from fieldline.catalogue.page import page

if __name__ == "__main__":
    print(page(), end="")
